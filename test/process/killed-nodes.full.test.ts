// weight: heavy
// timeout: 900 s
/** Nodes that end and come back, one after the other on one cluster; each of these runs alone too. */
import './kill-all.full.test.ts';
import './takes.full.test.ts';
import './no-quorum.full.test.ts';
// It leaves a node without its data, so it comes last.
import './wiped-node.full.test.ts';
