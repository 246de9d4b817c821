// weight: heavy
// timeout: 600 s
/** What ends nodes and lets them come back, one after the other on one cluster; each of these runs alone too. */
import './one-node-faults.test.ts';
import './kill-all.test.ts';
