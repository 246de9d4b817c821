// weight: heavy
// timeout: 900 s
/** What ends all nodes or most of them, on one cluster; each of these runs alone too. */
import './kill-all.test.ts';
import './no-quorum.test.ts';
// It leaves a node without its data, so it comes last.
import './wiped-node.test.ts';
