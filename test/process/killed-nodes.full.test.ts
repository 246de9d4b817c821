// weight: heavy
// timeout: 900 s
/** What more there is to be shown by nodes that end and come back, one after the other on one cluster. */
import './takes.full.test.ts';
import './no-quorum.full.test.ts';
// It leaves a node without its data, so it comes last.
import './wiped-node.full.test.ts';
