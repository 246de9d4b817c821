/** The mutants: bugs that real systems had, each put back into this one. */
import { doubtAndDamage } from './doubt-and-damage.ts';
import { producerMutants } from './producers.ts';
import { memoryMutants } from './memory-list.ts';
import { edit, often, seldom, type Mutant } from './mutant.ts';
import { quarantineMutants } from './quarantine.ts';
import { clientMutants } from './client.ts';
import { removedAndRead } from './removed.ts';
import { takeMutants } from './takes.ts';
import { unusedMutants } from './unused.ts';

export const mutants: readonly Mutant[] = [
  ...doubtAndDamage,
  {
    name: 'vote-before-durable',
    breaks: 'a granted vote leaves before it is on disk',
    edits: [edit('raft/election.js', 'core.promise(reply);', 'core.send(reply);')],
    ...often,
  },
  {
    name: 'vote-request-before-durable',
    breaks: 'a candidate asks for votes before its own vote is on disk',
    edits: [edit('raft/election.js', "core.promise({ kind: 'vote', from", "core.send({ kind: 'vote', from")],
    ...often,
  },
  {
    name: 'ack-before-sync',
    breaks: 'an append is acknowledged before it is on disk',
    edits: [
      edit(
        'raft/follower.js',
        "core.promise({\n        kind: 'append-reply',",
        "core.send({\n        kind: 'append-reply',",
      ),
    ],
    ...often,
  },
  {
    name: 'empty-ack-early',
    breaks: 'an ack that has nothing to write itself does not wait for what was issued before',
    edits: [
      edit(
        'raft/follower.js',
        "core.promise({\n        kind: 'append-reply',",
        "(core.staging.empty ? core.send : core.promise).call(core, {\n        kind: 'append-reply',",
      ),
    ],
    ...often,
  },
  {
    name: 'old-term-commit',
    breaks: 'entries of an older term are committed by counting (Raft paper, figure 8)',
    edits: [edit('raft/replication.js', ' || core.log.termAt(index) !== core.term', '')],
    ...seldom,
  },
  {
    name: 'stale-written',
    breaks: 'the completion of an overwritten entry vouches for the one that took its place',
    edits: [edit('raft/durability.js', 'if (write.last > kept)', 'if (write.last < 0)')],
    directed: {
      tests: ['test/raft/durability.test.ts'],
      reason:
        'a replica must be cut, lead again and be the one that makes the majority, all within one of its own writes: ' +
        'sixty seeds of ten minutes did not meet it',
    },
    ...seldom,
  },
  {
    name: 'read-above-commit',
    breaks: 'a leader serves records that only it has on disk',
    edits: [
      edit(
        'actors/partition-replica/replica.js',
        'this.#tail.add(batch, baseOffset, index);',
        'this.#tail.add(batch, baseOffset, index); this.#readable.applied(index, this.#nextOffset);',
      ),
    ],
    ...seldom,
  },
  {
    name: 'read-before-own-term',
    breaks: 'ReadIndex is answered before the leader has committed an entry of its own term',
    edits: [
      edit('raft/reads.js', 'core.commit >= lead.noop ? core.commit : undefined', 'core.commit'),
      edit('raft/reads.js', ' && core.commit >= lead.noop)', ')'),
    ],
    ...seldom,
  },
  {
    name: 'propose-before-own-noop',
    breaks: 'a new leader takes proposals before it has applied its own first entry',
    edits: [edit('raft/leader.js', 'if (core.applied < lead.noop)', 'if (core.applied < 0)')],
    ...often,
  },
  {
    name: 'cursor-beyond-acknowledged',
    breaks: 'the read position moves one record further than was delivered',
    edits: [
      edit(
        'actors/partition-replica/consumes.js',
        'const takes = served.map(',
        'const more = stretch.again || this.#host.readableEnd() <= stretch.position + served.length ? [] : served.slice(-1);\n' +
          '        const takes = [...served, ...more].map(',
      ),
    ],
    ...often,
  },
  {
    name: 'truncate-outside-batch',
    breaks: 'a truncation reaches the disk before what takes its place',
    edits: [
      edit(
        'storage/log-store.js',
        '(then) => this.#engine.batch([...plan.ops, ...ops], then),',
        "(then) => this.#engine.batch(plan.ops.filter((op) => op.kind === 'delete'), then),\n" +
          "            (then) => this.#engine.batch([...plan.ops.filter((op) => op.kind !== 'delete'), ...ops], then),",
      ),
    ],
    ...seldom,
  },
  {
    name: 'damaged-acks',
    breaks: 'a damaged replica acknowledges what it stores, and counts for commit',
    edits: [edit('raft/follower.js', "healing === undefined ? 'ack' : 'stored'", "'ack'")],
    ...seldom,
  },
  {
    name: 'damaged-votes-by-log',
    breaks: 'a damaged replica compares candidates with what is left of its log',
    edits: [
      edit(
        'raft/core.js',
        "return owed.kind === 'known' ? owed.tail : undefined;",
        'return this.log.tail();',
      ),
    ],
    ...seldom,
  },
  {
    name: 'damage-forgotten',
    breaks: 'a damaged replica owes only what was left, once it was started a second time',
    edits: [
      edit(
        'storage/log-opening.js',
        'change: changeFor(replica, verdict),',
        "change: verdict.kind === 'damaged'\n            ? { group: replica.group, hard: replica.hard, condition: 'normal', owed: { kind: 'known', tail }, owedSequence: replica.owedSequence }\n            : changeFor(replica, verdict),",
      ),
    ],
    ...seldom,
  },
  {
    name: 'opens-before-drained',
    breaks: "a restarted replica opens its log while an earlier incarnation's write is under way",
    edits: [
      edit(
        'actors/log-writer/log-writer.js',
        '#touches(group) {',
        '#touches(group) {\n        if (group >= 0)\n            return false;',
      ),
    ],
    ...seldom,
  },
  {
    name: 'gateway-numbers-by-caller',
    breaks: "a gateway numbers records under the caller's producer id instead of its own",
    edits: [
      edit(
        'actors/gateway/produce-lane.js',
        'producerId: this.#producerId,',
        'producerId: Uint8Array.from(this.#batch[0].call.message.call.producer.match(/../g), (pair) => Number.parseInt(pair, 16)),',
      ),
    ],
    ...often,
  },
  {
    name: 'apply-from-stale-disk',
    breaks: 'committed entries are loaded from the disk while the write that replaces them is under way',
    edits: [
      edit(
        'actors/group/driver.js',
        'const to = logIndex(Math.min(this.#commit, durable));',
        'const to = this.#commit;',
      ),
    ],
    ...seldom,
  },
  {
    name: 'refuse-unconfirmed',
    breaks: 'a leader that was deposed unawares refuses a sequence for good',
    edits: [
      edit(
        'actors/partition-replica/replica.js',
        "this.#driver.read((leads) => this.#fail(request, leads ? error : refusalError('not-leader')));",
        'this.#fail(request, error);',
      ),
    ],
    directed: {
      tests: ['test/actors/partition-replica/deposed.test.ts'],
      reason:
        'a leader must be deposed, not know it yet, and be asked with a sequence that only its successor has stored: ' +
        'about one seed in sixty meets it',
    },
    ...seldom,
  },
  {
    name: 'push-fencing-dropped',
    breaks: 'an ack moves the cursor whichever session it comes from',
    edits: [
      edit('partition/cursors.js', ' || cursor.session === 0 || cursor.session !== session', ''),
      edit(
        'actors/partition-replica/pushes.js',
        'if (older !== undefined)',
        'if (older !== undefined && older === request)',
      ),
    ],
    ...often,
  },
  {
    name: 'push-lower-attaches',
    breaks: 'a session takes the cursor back from a higher one',
    edits: [edit('partition/cursors.js', 'if (session < admits)', 'if (session < 0)')],
    ...often,
  },
  {
    name: 'push-cursor-back',
    breaks: 'an ack below the cursor moves it back',
    edits: [edit('partition/cursors.js', 'Math.max(cursor.at, upTo)', 'upTo')],
    ...often,
  },
  {
    name: 'push-cursor-beyond',
    breaks: 'the cursor moves one record further than was acknowledged',
    edits: [
      edit(
        'partition/cursors.js',
        'Math.max(cursor.at, upTo)',
        'Math.max(cursor.at, Math.min(end, upTo + 1))',
      ),
    ],
    ...often,
  },
  {
    name: 'rest-on-silence',
    breaks: 'a follower rests on the word of a node that has fallen silent',
    edits: [edit('actors/beats/heard.js', 'this.#silentTicks <= withinTicks && ', '')],
    directed: {
      tests: ['test/actors/beats/beats.test.ts'],
      reason: 'a link whose other end is silent is closed soon, which wakes everybody in any case',
    },
    ...often,
  },
  {
    name: 'rest-despite-exception',
    breaks: 'a leader rests although a follower does not follow it',
    edits: [edit('actors/beats/listing.js', ' || this.#except.has(group)', '')],
    directed: {
      tests: ['test/actors/beats/beats.test.ts'],
      reason: 'the next write wakes the leader, and the random workload writes too often',
    },
    ...often,
  },
  {
    name: 'push-above-commit',
    breaks: 'records are pushed as soon as they are proposed',
    edits: [
      edit(
        'actors/partition-replica/replica.js',
        'const proposed = this.#driver.propose(chunk, baseOffset);',
        'const proposed = this.#driver.propose(chunk, baseOffset);\n' +
          '        this.#pushes.committed({ index, baseOffset, end: this.#nextOffset, bytes: chunk });\n' +
          '        this.#pushes.early = this.#nextOffset;',
      ),
      edit(
        'actors/partition-replica/pushes.js',
        'committed(chunk) {\n        if (this.#subscriptions.size === 0)',
        'committed(chunk) {\n        if (this.#subscriptions.size === 0 || chunk.end <= (this.early ?? 0))',
      ),
      edit(
        'actors/partition-replica/pushes.js',
        'const { id, replyTo, next, pull } = subscription;\n        const end = this.#host.end();',
        'const { id, replyTo, next, pull } = subscription;\n        const end = Math.max(this.#host.end(), this.early ?? 0);',
      ),
    ],
    ...often,
  },
  {
    name: 'removal-answered-early',
    breaks: 'a removal is answered when it has begun',
    edits: [
      edit(
        'actors/manager/changes.js',
        'return removes !== undefined && this.#view.deletingGroup(command.name) === removes;',
        'return false;',
      ),
    ],
    ...often,
  },
  {
    name: 'removal-not-spread',
    breaks: 'a removal is answered before the other nodes know of it',
    edits: [
      edit(
        'actors/manager/changes.js',
        "const spreads = kind === 'admin' || kind === 'remove-topic';",
        "const spreads = kind === 'admin';",
      ),
    ],
    ...seldom,
  },
  {
    name: 'removal-by-one',
    breaks: 'a partition counts as deleted when one of its replicas is',
    edits: [edit('directory/removals.js', '.size ?? 0) > replicas.length;', '.size ?? 0) > 1;')],
    directed: {
      tests: ['test/sim/scenarios-removal.test.ts'],
      reason:
        'the others die within milliseconds of the first, so the removal must meet a split that leaves two replicas ' +
        'together: a dozen seeds did not show it',
    },
    ...often,
  },
  {
    name: 'removal-name-free',
    breaks: 'the name of a removed topic is free at once',
    edits: [
      edit(
        'directory/machine.js',
        'if (removal !== undefined)\n            return no(errors.topicDeleting(name, removal));',
        '',
      ),
    ],
    directed: {
      tests: ['test/directory/machine.test.ts', 'test/actors/manager/removals.test.ts'],
      reason:
        'a removal waits for its majority for milliseconds, unless a split meets it, and the name must be asked for just then',
    },
    ...seldom,
  },
  {
    name: 'removal-word-early',
    breaks: 'a node says that its replica is dead before its journal does',
    edits: [
      edit(
        'actors/manager/replicas.js',
        'return group <= this.#options.diedUpTo() && !this.#isHere(group) && !this.#deaths.has(group);',
        'return !this.#isHere(group) || this.#deaths.has(group);',
      ),
    ],
    directed: {
      tests: ['test/actors/manager/parts.test.ts'],
      reason:
        "the word takes longer through the directory's log than the death into the journal, unless a disk hangs just then",
    },
    ...seldom,
  },
  {
    name: 'died-up-to-unsaved',
    breaks: 'a journal does not keep up to which group its replicas have died',
    edits: [edit('storage/log-store.js', 'if (upTo > this.diedUpTo) {', 'if (upTo < 0) {')],
    ...often,
  },
  ...quarantineMutants,
  ...clientMutants,
  ...takeMutants,
  ...removedAndRead,
  ...unusedMutants,
  ...memoryMutants,
  ...producerMutants,
];
