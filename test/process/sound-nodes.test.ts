// weight: heavy
// timeout: 300 s
/** What only uses three nodes, on one cluster: each of these has topics of its own, and runs alone too. */
import './create-then-use.test.ts';
import './parallel-consume.test.ts';
import './push.test.ts';
