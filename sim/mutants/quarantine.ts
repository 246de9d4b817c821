/** Mutants of quarantine and of the check of tables: what one bad partition or one flipped bit must not do to its node. */
import { edit, often, type Mutant } from './mutant.ts';

export const quarantineMutants: readonly Mutant[] = [
  {
    name: 'quarantine-escalates',
    breaks: 'one partition whose replica cannot stay up ends the whole process',
    edits: [edit('kernel/supervision.js', "rule.spent ?? 'escalate'", "'escalate'")],
    seeds: 12,
    minutes: 5,
  },
  {
    name: 'quarantined-vouched',
    breaks: 'beats go on listing a group whose replica here is in quarantine',
    edits: [edit('actors/group/driver.js', 'this.#ticks?.close();', '')],
    directed: {
      tests: ['test/sim/scenarios-quarantine.test.ts', 'test/actors/partition-replica/quarantined.test.ts'],
      reason:
        'an operator who restarts the node of a replica in quarantine mends it before anybody has to wait',
    },
    ...often,
  },
  {
    name: 'quarantine-drops-waiting',
    breaks: 'who waits in the mailbox of a replica that goes into quarantine gets no answer',
    edits: [
      edit(
        'kernel/cell.js',
        'const leaves = handsOver && this.#quarantine === undefined;',
        'const leaves = false;',
      ),
    ],
    directed: {
      tests: ['test/kernel/supervision.test.ts', 'test/actors/partition-replica/quarantined.test.ts'],
      reason: 'a call without an answer ends by its deadline, as it does when a message is lost',
    },
    ...often,
  },
  {
    name: 'quarantine-of-one-is-all',
    breaks: 'one replica in quarantine is taken for the whole partition',
    edits: [edit('actors/gateway/asks.js', '2 * out.length > replicas.length', 'out.length > 0')],
    directed: {
      tests: ['test/actors/gateway/quarantined.test.ts'],
      reason: 'a call that is refused for certain breaks no promise',
    },
    ...often,
  },
  {
    name: 'tables-unchecked',
    breaks: 'LevelDB is given tables that it does not survive, at each start again',
    edits: [edit('storage/level-engine.js', 'existsSync(this.#openMark) ?', 'false ?')],
    directed: {
      tests: ['test/storage/level-check.test.ts'],
      reason: 'the simulator has an engine of its own, which never ends its process',
    },
    ...often,
  },
];
