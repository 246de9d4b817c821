import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, logIndex, offset, type LogIndex, type Offset } from '@callboard/client/protocol';
import {
  ConsumeDesk,
  type ConsumeCall,
  type ConsumeHost,
} from '../../../src/actors/partition-replica/consumes.ts';
import type { PartitionAnswer } from '../../../src/actors/partition-replica/messages.ts';
import { refTo } from '../../../src/kernel/index.ts';
import { CursorTable } from '../../../src/partition/cursors.ts';
import type { OpenTake, Take, TakeId } from '../../../src/partition/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';

const test = suite('partition-replica/consumes (S7, S8, S11)');

type Then = (chunks: readonly Uint8Array[], damaged: LogIndex | undefined) => void;

/** A replica by hand: the test decides when reads, commits and confirmations come back. */
class Host implements ConsumeHost {
  end = 0;
  readable = 0;
  cursors: CursorTable;
  answers: PartitionAnswer[] = [];
  reads: { from: number; upTo: number; then: Then }[] = [];
  confirms: ((leads: boolean) => void)[] = [];
  takes: { readonly take: Take; readonly index: LogIndex }[] = [];
  checks: { readonly calls: readonly number[]; readonly then: (unreachable?: string) => void }[] = [];
  doubted = new Set<string>();
  refuse = false;
  full = false;
  damage: number[] = [];

  constructor(openTakesPerConsumer: number) {
    this.cursors = new CursorTable({
      cursorsPerPartition: 10,
      statusConsumers: 1,
      openTakesPerConsumer,
      openTakesPerPartition: 1_000,
    });
  }

  position = (consumer: string): Offset => offset(this.cursors.position(consumer));
  openTakes = (consumer: string): readonly OpenTake[] => this.cursors.openTakes.of(consumer);
  room = (consumer: string): number => this.cursors.openTakes.room(consumer);
  doubts = (takes: readonly OpenTake[]): boolean => takes.some(({ node }) => this.doubted.has(node));
  takesCursorOf = (): boolean => true;
  appliedEnd = (): Offset => offset(this.end);
  readableEnd = (): Offset => offset(this.readable);
  leader = (): undefined => undefined;
  damaged = (index: LogIndex): number => this.damage.push(index);
  answer = (_taker: unknown, answer: PartitionAnswer): number => this.answers.push(answer);
  confirm = (then: (leads: boolean) => void): number => this.confirms.push(then);

  readChunks = (from: Offset, upTo: Offset, then: Then): boolean => {
    if (!this.full) this.reads.push({ from, upTo, then });
    return !this.full;
  };

  check: ConsumeHost['check'] = (_consumer, takes, then) => {
    if (takes.length === 0) then(undefined);
    else this.checks.push({ calls: takes.map(({ call }) => call), then });
  };

  proposeTake: ConsumeHost['proposeTake'] = (take) => {
    if (this.refuse) return { error: failure('overloaded') };
    const index = logIndex(this.takes.length + 100);
    this.takes.push({ take, index });
    return { index };
  };

  get offsets(): readonly string[] {
    return this.takes.map(({ take: { from, again, takes } }) =>
      again.length > 0 ? `again ${again.join()}` : `${from}+${takes.length}`,
    );
  }

  giveBack(...calls: number[]): void {
    this.cursors.settle({ consumer: 'x', noted: [], returned: calls.map(by) });
  }

  /** Serves the oldest read with records named by their offsets. */
  serveRead(): void {
    const read = this.reads.shift();
    if (read === undefined) throw new Error('nothing is being read');
    const texts = Array.from({ length: read.upTo - read.from }, (_, i) => `r${read.from + i}`);
    read.then([entryOf(draftOf(texts), { index: 5, baseOffset: read.from }).bytes], undefined);
  }

  commit(desk: ConsumeDesk): void {
    const proposed = this.takes.shift();
    if (proposed === undefined) throw new Error('nothing is being committed');
    const { take, index } = proposed;
    desk.applied(take.consumer, index, this.cursors.take(take, this.end, index).done);
  }

  consumed(): readonly string[] {
    return this.answers.flatMap((a) =>
      a.kind === 'consumed' ? [`${a.id}:${new TextDecoder().decode(a.value)}`] : [],
    );
  }
}

function by(call: number): TakeId {
  return { node: 'n', start: 7, call };
}

function taker(id: number, ...noted: number[]): ConsumeCall {
  return { id, replyTo: refTo<PartitionAnswer>('n', 'gateway'), start: 7, noted };
}

function withRecords(count: number, openTakes = 256): { host: Host; desk: ConsumeDesk } {
  const host = new Host(openTakes);
  host.end = count;
  host.readable = count;
  return { host, desk: new ConsumeDesk(host) };
}

test('a record is answered only after its take is applied', () => {
  const { host, desk } = withRecords(3);
  desk.take('x', taker(1));
  assert.is(host.answers.length, 0);
  host.serveRead();
  assert.is(host.answers.length, 0);
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0']);
});

test('parallel calls of one consumer get different records, in order, by one command', () => {
  const { host, desk } = withRecords(10);
  desk.take('x', taker(1));
  for (const id of [2, 3, 4]) desk.take('x', taker(id));
  host.serveRead();
  host.commit(desk);
  host.serveRead();
  assert.equal(host.offsets, ['1+3']);
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0', '2:r1', '3:r2', '4:r3']);
  assert.is(desk.size, 0);
});

test('consumers do not wait for each other', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  desk.take('y', taker(2));
  assert.is(host.reads.length, 2);
});

test('nothing is said to be there only after leadership was confirmed', () => {
  const { host, desk } = withRecords(0);
  desk.take('x', taker(1));
  assert.is(host.answers.length, 0);
  host.confirms.shift()?.(true);
  assert.equal(host.answers, [{ kind: 'nothing', id: 1, heldBy: undefined }]);
});

test('a record that came while leadership was being confirmed is taken', () => {
  const { host, desk } = withRecords(0);
  desk.take('x', taker(1));
  host.end = 1;
  host.readable = 1;
  host.confirms.shift()?.(true);
  host.serveRead();
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0']);
});

test('a call that comes during the confirmation is not answered by it', () => {
  const { host, desk } = withRecords(0);
  desk.take('x', taker(1));
  desk.take('x', taker(2));
  host.confirms.shift()?.(true);
  assert.equal(host.answers, [{ kind: 'nothing', id: 1, heldBy: undefined }]);
  host.confirms.shift()?.(true);
  assert.equal(host.answers.at(-1), { kind: 'nothing', id: 2, heldBy: undefined });
});

test('unconfirmed leadership answers not_applied, never nothing', () => {
  const { host, desk } = withRecords(0);
  desk.take('x', taker(1));
  host.confirms.shift()?.(false);
  const answer = host.answers[0];
  assert.ok(answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
});

test('a committed record that is not durable here yet is waited for', () => {
  const { host, desk } = withRecords(0);
  host.end = 1;
  desk.take('x', taker(1));
  assert.is(host.reads.length + host.confirms.length, 0);
  host.readable = 1;
  desk.durable();
  host.serveRead();
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0']);
});

test('a take that met another state gives out nothing', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.serveRead();
  host.cursors.attach({ consumer: 'x', session: 1, start: 1, reset: true }, 1);
  host.commit(desk);
  const answer = host.answers[0];
  assert.ok(answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
});

test('losing leadership: unknown for a proposed take, not_applied for the rest', () => {
  const { host, desk } = withRecords(5);
  desk.take('x', taker(1));
  host.serveRead();
  desk.take('x', taker(2));
  desk.take('y', taker(3));
  desk.abandon();
  const outcomes = host.answers.map((a) =>
    a.kind === 'partition-failed' ? `${a.id}:${a.error.outcome}` : a.kind,
  );
  assert.equal(outcomes, ['1:unknown', '2:not_applied', '3:not_applied']);
  host.serveRead();
  assert.is(host.takes.length, 1, 'a read that comes back late proposes nothing');
});

test('a damaged copy answers nothing and is reported', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.reads.shift()?.then([], logIndex(7));
  assert.equal(host.damage, [7]);
  assert.is(host.takes.length, 0);
  const answer = host.answers[0];
  assert.ok(answer?.kind === 'partition-failed' && answer.error.code === 'replica_damaged');
});

test('a refused proposal and a full reader answer what they are', () => {
  const { host, desk } = withRecords(1);
  host.refuse = true;
  desk.take('x', taker(1));
  host.serveRead();
  host.full = true;
  desk.take('x', taker(2));
  const codes = host.answers.map((a) => (a.kind === 'partition-failed' ? a.error.code : a.kind));
  assert.equal(codes, ['overloaded', 'overloaded']);
  assert.is(desk.size, 0);
});

test('what is to be given again goes before what is newer, as far as it lies together', () => {
  const { host, desk } = withRecords(9);
  for (const id of [1, 2, 3, 4, 5]) desk.take('x', taker(id));
  host.serveRead();
  host.commit(desk);
  host.serveRead();
  host.commit(desk);
  host.giveBack(1, 2, 4);
  host.answers = [];
  for (const id of [11, 12, 13, 14]) desk.take('x', taker(id));
  for (const expected of ['again 0', 'again 1', 'again 3', '5+1']) {
    host.serveRead();
    assert.equal(host.offsets, [expected]);
    host.commit(desk);
  }
  assert.equal(host.consumed(), ['11:r0', '12:r1', '13:r3', '14:r5']);
});

test('calls that wait together are given again what lies together by one command', () => {
  const { host, desk } = withRecords(9);
  for (const id of [1, 2, 3]) desk.take('x', taker(id));
  for (let round = 0; round < 2; round += 1) {
    host.serveRead();
    host.commit(desk);
  }
  desk.take('x', taker(4));
  for (const id of [11, 12, 13]) desk.take('x', taker(id));
  host.giveBack(1, 2, 3);
  host.serveRead();
  host.commit(desk);
  assert.is(
    host.answers.at(-1)?.kind,
    'partition-failed',
    'decided on an older state: not before what came back',
  );
  host.serveRead();
  assert.equal(host.offsets, ['again 0,1,2']);
  host.commit(desk);
  assert.equal(host.consumed().slice(-3), ['11:r0', '12:r1', '13:r2']);
});

test('hand-overs travel with the take, also those that come with calls which wait', () => {
  const { host, desk } = withRecords(9);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk);
  desk.take('x', taker(2, 1));
  host.serveRead();
  assert.equal(host.takes[0]?.take.noted, [by(1)]);
  host.commit(desk);
  assert.is(host.cursors.of('x'), 1);
});

test('newer records wait for what becomes of doubtful takes, but not for those that a call notes', () => {
  const { host, desk } = withRecords(9);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk);
  host.doubted.add('n');
  desk.take('x', taker(2));
  assert.is(host.reads.length, 0);
  desk.take('x', taker(3, 1));
  assert.is(host.reads.length, 1, 'the first one is noted: nothing is doubtful');
  host.serveRead();
  host.commit(desk);
  desk.take('x', taker(4));
  assert.is(host.reads.length, 0);
  host.doubted.clear();
  desk.undoubted();
  host.serveRead();
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0', '2:r1', '3:r2', '4:r3']);
});

test('before it says that there is nothing it asks for what is open, and says who could not be asked', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk);
  desk.take('x', taker(2));
  assert.equal(host.checks[0]?.calls, [1]);
  host.confirms.shift()?.(true);
  assert.is(host.answers.length, 1, 'nobody has answered yet');
  host.checks.shift()?.then('n');
  assert.equal(host.answers.at(-1), { kind: 'nothing', id: 2, heldBy: 'n' });
  desk.take('x', taker(3, 1));
  assert.is(host.checks.length, 0, 'what the call notes itself is not asked for');
  host.confirms.shift()?.(true);
  assert.equal(host.answers.at(-1), { kind: 'nothing', id: 3, heldBy: undefined });
});

test('what comes back while it asks is given again', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk);
  desk.take('x', taker(2));
  host.confirms.shift()?.(true);
  host.giveBack(1);
  host.checks.shift()?.then();
  host.serveRead();
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0', '2:r0']);
});

test('with as many open takes as may be further calls are refused, until some are noted', () => {
  const { host, desk } = withRecords(9, 1);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk);
  desk.take('x', taker(2));
  const answer = host.answers.at(-1);
  assert.ok(answer?.kind === 'partition-failed' && answer.error.code === 'overloaded');
  assert.ok((answer.error.retryAfterMs ?? 0) > 0);
  desk.take('x', taker(3, 1));
  host.serveRead();
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0', '3:r1']);
});

test('losing leadership while it asks: not_applied, at once', () => {
  const { host, desk } = withRecords(0);
  desk.take('x', taker(1));
  desk.abandon();
  const answer = host.answers[0];
  assert.ok(answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
  host.confirms.shift()?.(false);
  assert.is(host.answers.length, 1);
});

test.run();
