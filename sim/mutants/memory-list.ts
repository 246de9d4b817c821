/** Mutants of topics in memory, and of nodes that lost their disks. */
import { edit, seldom, type Mutant } from './mutant.ts';

/** Three seeds in ten keep topics in memory. */
const inMemory = { seeds: 60, minutes: 4 };

export const memoryMutants: readonly Mutant[] = [
  {
    name: 'memory-copy-clean',
    breaks: 'a replica in memory that came back empty takes part as if it had lost nothing',
    edits: [
      edit(
        'storage/settle.js',
        "return owesNothing ? replica : { ...replica, condition: 'damaged' };",
        'const tail = { index: 0, term: 0, checksum: 0 };\n' +
          "    return owesNothing ? replica : { ...replica, owed: { kind: 'known', tail } };",
      ),
    ],
    ...inMemory,
  },
  {
    name: 'memory-owes-what-is-left',
    breaks: 'a replica in memory whose journal lost its newest tails votes by the tails that are left',
    edits: [
      edit(
        'storage/settle.js',
        "return { ...replica, condition: 'damaged', owed: { kind: 'unknown' } };\n    const owesNothing",
        "return { ...replica, condition: 'damaged' };\n    const owesNothing",
      ),
    ],
    ...inMemory,
  },
  {
    name: 'memory-copy-heals-early',
    breaks: 'a replica in memory calls itself healed with the first entries that a leader sends it',
    edits: [
      edit(
        'raft/healing.js',
        'if (healing.closing !== undefined || healing.matched < healing.target)',
        "if (healing.closing !== undefined || (healing.owed.kind === 'known' && healing.matched < healing.target))",
      ),
      edit('raft/healing.js', 'assert(tail.term === core.term,', 'assert(tail.term <= core.term,'),
    ],
    ...inMemory,
  },
  {
    name: 'memory-loss-by-a-minority',
    breaks: 'a partition in memory is begun anew as soon as one of its copies is lost',
    edits: [
      edit('directory/copies.js', '2 * lost.length > replicas.length', '3 * lost.length >= replicas.length'),
    ],
    ...inMemory,
  },
  {
    name: 'memory-offsets-reused',
    breaks: 'a partition in memory that was begun anew counts its offsets from 0 again',
    edits: [edit('node/node-actors.js', 'firstOffsetOf(generation)', 'firstOffsetOf(0)')],
    ...inMemory,
  },
  {
    name: 'memory-loss-unsaid',
    breaks: 'the status says nothing of the losses of a topic in memory',
    edits: [edit('actors/manager/manager.js', 'sum + generation', 'sum + 0 * generation')],
    ...inMemory,
  },
  {
    name: 'memory-given-up-goes-on',
    breaks: 'a copy in memory that says it is lost goes on taking part, and heals',
    edits: [
      edit(
        'actors/partition-replica/memory-copy.js',
        'this.#givenUp = true;\n        this.#givenUpHere.add(this.#options.group);\n        this.#replica.stopped();',
        'if (this.#givenUpHere.has(this.#options.group))\n            return;\n' +
          '        this.#givenUpHere.add(this.#options.group);',
      ),
    ],
    directed: {
      tests: ['test/actors/partition-replica/memory-copy.test.ts'],
      reason:
        'what copies say reaches the directory within moments, so the sound copy must come back just then: sixty seeds of ' +
        'four minutes did not meet it',
    },
    ...inMemory,
  },
  {
    name: 'wiped-votes',
    breaks: 'a node that lost its disk takes its old place, and votes and acknowledges as if it remembered',
    edits: [
      edit(
        'actors/manager/founding.js',
        'const mine = founders.members.some(',
        'const was = founders.members.find((member) => member.node === node);\n' +
          '        if (was !== undefined)\n' +
          '            this.#options.replica = was.replica;\n' +
          '        const mine = founders.members.some(',
      ),
    ],
    ...seldom,
  },
  {
    name: 'wiped-stays-a-broker',
    breaks: 'a node that lost its disk stays an active broker, on which new partitions are placed',
    edits: [
      edit(
        'actors/health-checker/health-checker.js',
        'if (broker?.replica === replica)',
        'if (broker?.replica !== undefined)',
      ),
    ],
    ...seldom,
  },
];
