/** Mutants about producers and consumers that are forgotten because nobody uses them. */
import { edit, seldom, type Mutant } from './mutant.ts';

const reason = 'the days after which somebody is forgotten are longer than any random run';

export const unusedMutants: readonly Mutant[] = [
  {
    name: 'use-unsaid',
    breaks: 'nobody says who is in use',
    edits: [
      edit(
        'actors/gateway/used-ids.js',
        "this.#context.send(manager, { kind: 'ids-in-use', producers, consumers });",
        'void [manager, producers, consumers];',
      ),
    ],
    directed: { tests: ['test/sim/scenarios-unused.test.ts'], reason },
    ...seldom,
  },
  {
    name: 'cursors-of-the-gone',
    breaks: 'partitions keep the cursors of consumers that the directory has forgotten',
    edits: [
      edit(
        'actors/manager/unused-ids.js',
        "this.#tell(group, { kind: 'forget-cursors', cursors: gone });",
        'void group;',
      ),
    ],
    directed: {
      tests: ['test/sim/scenarios-unused.test.ts', 'test/actors/manager/unused-ids.test.ts'],
      reason,
    },
    ...seldom,
  },
  {
    name: 'cursors-of-the-late',
    breaks: 'a consumer that this copy does not know yet loses its cursor',
    edits: [
      edit(
        'actors/manager/unused-ids.js',
        'this.#isOf(group, topic) ? cursors.filter(isMissing) : []',
        'this.#isOf(group, topic) ? cursors : []',
      ),
    ],
    directed: { tests: ['test/actors/manager/unused-ids.test.ts'], reason },
    ...seldom,
  },
  {
    name: 'namesake-inherits',
    breaks: 'a consumer that is opened under the name of one that is gone begins where that one was',
    edits: [
      edit(
        'partition/cursors.js',
        'if ((this.#cursors.get(consumer)?.admits ?? since) < since)',
        'if (since < 0)',
      ),
    ],
    directed: { tests: ['test/partition/cursors.test.ts'], reason },
    ...seldom,
  },
  {
    name: 'opener-forgotten',
    breaks: 'a consumer that asks again for its session is given another one',
    edits: [
      edit('directory/consumers.js', 'opener !== undefined && opener === entry.opener', 'opener === null'),
    ],
    directed: {
      tests: ['test/directory/unused.test.ts'],
      reason: 'another session is as good for a consumer, and only costs a log entry',
    },
    ...seldom,
  },
];
