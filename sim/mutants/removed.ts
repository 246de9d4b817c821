/** Mutants about what outlives its removal, and about reads and resets that ask for what is not there. */
import { edit, seldom, type Mutant } from './mutant.ts';

export const removedAndRead: readonly Mutant[] = [
  {
    name: 'remove-untagged',
    breaks: 'a repeat of a removal that was carried out removes the topic that has the name by then',
    edits: [edit('actors/manager/primary.js', "command.kind === 'remove-topic' || ", '')],
    directed: {
      tests: ['test/actors/manager/primary.test.ts'],
      reason: 'the answer to a removal must be lost, and the name be created again before the repeat comes',
    },
    ...seldom,
  },
  {
    name: 'refusal-undecided',
    breaks: 'a change that was refused may be made by another try that comes later',
    edits: [
      edit(
        'directory/machine.js',
        'this.#tags.remember(tag, applied.result);',
        'if (applied.result.ok)\n            this.#tags.remember(tag, applied.result);',
      ),
    ],
    directed: {
      tests: ['test/directory/machine.test.ts'],
      reason: 'a try must overtake an earlier one, and what it was refused for end before that one comes',
    },
    ...seldom,
  },
  {
    name: 'refused-though-decided',
    breaks: 'a repeat is refused for want of room though the change was made',
    edits: [edit('actors/manager/primary.js', 'if (decided !== undefined)', 'if (decided === null)')],
    directed: {
      tests: ['test/actors/manager/primary.test.ts'],
      reason:
        'the answer must be lost just as the disk of the primary becomes full or too many partitions are being created',
    },
    ...seldom,
  },
  {
    name: 'namesake-denied',
    breaks: 'what waits for a removed topic is told that there is none, though another has the name',
    edits: [
      edit(
        'actors/gateway/gateway.js',
        'parts.copy.topic(name) === undefined ? topicNotFound(name)',
        'parts.copy.topic(name) !== null ? topicNotFound(name)',
      ),
    ],
    directed: {
      tests: ['test/actors/gateway/removal.test.ts'],
      reason:
        'a node must be outside the audience of a removal and have a call under way while the name changes hands',
    },
    ...seldom,
  },
  {
    name: 'reset-beyond-end',
    breaks: 'a consumer that moves its cursor may move it beyond the end of the log',
    edits: [edit('partition/cursors.js', 'fresh && at > end', 'known === undefined && at > end')],
    directed: {
      tests: ['test/partition/cursors.test.ts'],
      reason: 'no client of the simulator asks for an offset that it has not heard of',
    },
    ...seldom,
  },
  {
    name: 'read-index-past-apply',
    breaks: 'a confirmed read does not wait until what it must see is applied',
    edits: [
      edit(
        'actors/group/driver.js',
        'this.#reads.whenApplied(index, this.#applied, callback)',
        'callback(true)',
      ),
    ],
    directed: {
      tests: ['test/actors/group/driver.test.ts'],
      reason:
        'a leader serves only when its own first entry is applied, and then applies in the turn in which it commits',
    },
    ...seldom,
  },
  {
    name: 'starts-survive-burial',
    breaks: 'a replica whose topic was removed before its turn to start runs after its death',
    edits: [
      edit(
        'actors/manager/replicas.js',
        'this.#preferred.delete(group);\n        this.#starts.delete(group);',
        'this.#preferred.delete(group);',
      ),
    ],
    directed: {
      tests: ['test/actors/manager/parts.test.ts'],
      reason: 'replicas start in the turn after their birth, unless hundreds are born together',
    },
    ...seldom,
  },
  {
    name: 'old-copy-unburied',
    breaks: 'the copies in memory of a partition that was begun anew are not deleted',
    edits: [
      edit(
        'actors/manager/replicas.js',
        'this.#bury(group);\n            if (!this.#copies.open)',
        'if (!this.#copies.open)',
      ),
    ],
    directed: {
      tests: ['test/actors/manager/parts.test.ts'],
      reason: 'a group that most of its copies have left commits nothing, so that it only takes up room',
    },
    ...seldom,
  },
];
