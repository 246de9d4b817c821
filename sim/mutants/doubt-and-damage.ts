/** Mutants about what is said of proposals in doubt, and about damaged copies and journals. */
import { edit, often, seldom, type Mutant } from './mutant.ts';

export const doubtAndDamage: readonly Mutant[] = [
  {
    name: 'not-applied-when-deposed',
    breaks: 'what is open when a leadership ends is reported not applied',
    edits: [
      edit(
        'actors/partition-replica/produces.js',
        "this.#fail(waiter, failure('not_leader', { message, outcome: 'unknown' }), leader);",
        "this.#fail(waiter, failure('not_leader', { message, outcome: 'not_applied' }), leader);",
      ),
    ],
    ...often,
  },
  {
    name: 'not-applied-when-cut-off',
    breaks:
      'what is cut off where it was proposed is reported not applied, though copies elsewhere may be committed',
    edits: [
      edit(
        'actors/group/driver.js',
        'if (effects.role !== undefined)\n            this.#roleChanged(effects.role);',
        'for (const { truncateFrom } of effects.persist)\n' +
          '            if (truncateFrom !== undefined)\n' +
          '                this.#options.events.lost?.(truncateFrom);\n' +
          '        if (effects.role !== undefined)\n            this.#roleChanged(effects.role);',
      ),
      edit(
        'actors/partition-replica/replica.js',
        'ready: () => this.#ready(),',
        'ready: () => this.#ready(),\n                lost: (index) => this.#produces.lost(index),',
      ),
      edit(
        'actors/partition-replica/produces.js',
        '    #overwritten(open) {',
        '    lost(index) {\n' +
          '        for (const open of this.#open)\n' +
          '            if (open.index >= index)\n' +
          '                this.#overwritten(open);\n' +
          '        this.#open = this.#open.filter((open) => open.index < index);\n' +
          '    }\n' +
          '    #overwritten(open) {',
      ),
      edit(
        'actors/manager/member.js',
        'ready: () => events.leaderChanged(),',
        'ready: () => events.leaderChanged(),\n                lost: (index) => this.primary.lost(index),',
      ),
      edit(
        'actors/manager/primary.js',
        '    abandon() {',
        '    lost(from) {\n' +
          '        for (const index of this.#byIndex.keys())\n' +
          '            if (index >= from)\n' +
          '                this.applied(index, -1, undefined);\n' +
          '    }\n' +
          '    abandon() {',
      ),
    ],
    directed: {
      tests: ['test/sim/overtaken.test.ts'],
      reason:
        'with three voters a copy that outlives the truncation takes two crashes at the moment of it, and with five a ' +
        'successor that reaches the deposed leader and nobody else',
    },
    ...seldom,
  },
  {
    name: 'bad-read-ignored',
    breaks:
      'a leader that reads a bad entry for a follower reads it again with each heartbeat, and says nothing',
    edits: [edit('raft/raft.js', 'if (damage !== undefined)', 'if (damage === -1)')],
    ...often,
  },
  {
    name: 'heals-by-any-life',
    breaks: 'a damaged replica heals by what a leader may have said before it was opened',
    edits: [
      edit('raft/follower.js', 'if (healing !== undefined && core.named) {', 'if (healing !== undefined) {'),
      edit(
        'raft/follower.js',
        'if (healing !== undefined && core.named)\n            reportedLast',
        'if (healing !== undefined)\n            reportedLast',
      ),
    ],
    directed: {
      tests: ['test/raft/healing.test.ts'],
      reason:
        'a message from before the open must come late to a replica with an unknown owed tail, in the term in which it was sent: random runs of the cores alone meet it once in some hundred seeds',
    },
    ...seldom,
  },
  {
    name: 'healing-leaves-durability',
    breaks: 'what a damaged replica cuts off is still counted as durable',
    edits: [
      edit(
        'raft/core.js',
        'this.durability.cut(from);',
        'if (!this.damaged)\n            this.durability.cut(from);',
      ),
    ],
    directed: {
      tests: ['test/raft/healing.test.ts'],
      reason:
        'the sound prefix of a damaged log must contradict what is owed, which takes an older state of the same log to come back',
    },
    ...seldom,
  },
  {
    name: 'served-from-stale-index',
    breaks: 'a reader is served an older, intact entry that its leader had replaced',
    edits: [
      edit('actors/partition-replica/log-reads.js', '!this.#options.holds(header)', 'header.index < 0'),
    ],
    directed: {
      tests: ['test/actors/partition-replica/log-reads.test.ts'],
      reason:
        'an entry that a later leader replaced must come back intact, at a leader whose memory has let go of the place, and be asked for before anybody else reads it',
    },
    ...seldom,
  },
  {
    name: 'unapplied-tail-survives',
    breaks: 'the numbers of producers that a leadership has not applied are believed in the next one',
    edits: [
      edit(
        'actors/partition-replica/replica.js',
        "if (change.role === 'leader')\n            return;\n        this.#tail.clear();",
        "if (change.role === 'leader')\n            return;",
      ),
      edit('actors/partition-replica/replica.js', '#ready() {\n        this.#tail.clear();', '#ready() {'),
    ],
    directed: {
      tests: ['test/actors/partition-replica/deposed.test.ts'],
      reason:
        'one replica must lead, lose an unapplied batch to another leader, lead again, and be sent that very batch once more',
    },
    ...often,
  },
  {
    name: 'hard-records-synced-once',
    breaks: 'term, vote and birth are synced in the first file of the journal only',
    edits: [
      edit(
        'storage/journal.js',
        '(next) => files.sync(name, next),\n        ]), (error) => {',
        '(next) => (name === journalNames[0] ? files.sync(name, next) : next(undefined)),\n        ]), (error) => {',
      ),
    ],
    directed: {
      tests: ['test/storage/journal.test.ts'],
      reason:
        'the power must fail before the next record syncs the second file, and the first file be damaged before the next start',
    },
    ...seldom,
  },
  {
    name: 'anonymous-push-unconfirmed',
    breaks: 'an anonymous subscription and a lookup begin at a leader that could not confirm that it leads',
    edits: [
      edit(
        'actors/partition-replica/queries.js',
        'if (!leads) {\n                then({ error: deposed() });\n                return;\n            }\n            const end',
        'const end',
      ),
    ],
    directed: {
      tests: ['test/actors/partition-replica/deposed.test.ts'],
      reason:
        'a leader must be deposed, not know it yet, and be asked where the partition ends after its successor has acknowledged more',
    },
    ...seldom,
  },
];
