import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, logIndex, offset, type LogIndex, type Offset } from '@callboard/client/protocol';
import { ConsumeDesk, type ConsumeHost } from '../../../src/actors/partition-replica/consumes.ts';
import type { PartitionAnswer } from '../../../src/actors/partition-replica/messages.ts';
import { refTo } from '../../../src/kernel/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';

const test = suite('partition-replica/consumes (S7, S8, S11)');

type Then = (chunks: readonly Uint8Array[], damaged: LogIndex | undefined) => void;

/** A replica by hand: the test decides when reads, commits and confirmations come back. */
class Host implements ConsumeHost {
  end = 0;
  readable = 0;
  cursors = new Map<string, number>();
  answers: PartitionAnswer[] = [];
  reads: { from: number; upTo: number; then: Then }[] = [];
  confirms: ((leads: boolean) => void)[] = [];
  moves: { consumer: string; from: number; to: number; index: LogIndex }[] = [];
  refuse = false;
  full = false;
  damage: number[] = [];

  cursor = (consumer: string): Offset => offset(this.cursors.get(consumer) ?? 0);
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

  proposeMove: ConsumeHost['proposeMove'] = (consumer, from, to) => {
    if (this.refuse) return { error: failure('overloaded') };
    const index = logIndex(this.moves.length + 100);
    this.moves.push({ consumer, from, to, index });
    return { index };
  };

  /** Serves the oldest read with records named by their offsets. */
  serveRead(): void {
    const read = this.reads.shift();
    if (read === undefined) throw new Error('nothing is being read');
    const texts = Array.from({ length: read.upTo - read.from }, (_, i) => `r${read.from + i}`);
    read.then([entryOf(draftOf(texts), { index: 5, baseOffset: read.from }).bytes], undefined);
  }

  commit(desk: ConsumeDesk, moved = true): void {
    const move = this.moves.shift();
    if (move === undefined) throw new Error('nothing is being committed');
    if (moved) this.cursors.set(move.consumer, move.to);
    desk.applied(move.index, moved);
  }

  consumed(): readonly string[] {
    return this.answers.flatMap((a) =>
      a.kind === 'consumed' ? [`${a.id}:${new TextDecoder().decode(a.value)}`] : [],
    );
  }
}

function taker(id: number) {
  return { id, replyTo: refTo<PartitionAnswer>('n', 'gateway') };
}

function withRecords(count: number): { host: Host; desk: ConsumeDesk } {
  const host = new Host();
  host.end = count;
  host.readable = count;
  return { host, desk: new ConsumeDesk(host) };
}

test('a record is answered only after its cursor move is applied', () => {
  const { host, desk } = withRecords(3);
  desk.take('x', taker(1));
  assert.is(host.answers.length, 0);
  host.serveRead();
  assert.is(host.answers.length, 0);
  host.commit(desk);
  assert.equal(host.consumed(), ['1:r0']);
});

test('parallel calls of one consumer get different records, in order, by one move', () => {
  const { host, desk } = withRecords(10);
  desk.take('x', taker(1));
  for (const id of [2, 3, 4]) desk.take('x', taker(id));
  host.serveRead();
  host.commit(desk);
  host.serveRead();
  assert.equal(
    host.moves.map(({ from, to }) => [from, to]),
    [[1, 4]],
  );
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
  assert.equal(host.answers, [{ kind: 'nothing', id: 1 }]);
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
  assert.equal(host.answers, [{ kind: 'nothing', id: 1 }]);
  host.confirms.shift()?.(true);
  assert.equal(host.answers.at(-1), { kind: 'nothing', id: 2 });
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

test('a move that met another cursor gives out nothing', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.serveRead();
  host.commit(desk, false);
  const answer = host.answers[0];
  assert.ok(answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
});

test('losing leadership: unknown for a proposed move, not_applied for the rest', () => {
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
  assert.is(host.moves.length, 1, 'a read that comes back late proposes nothing');
});

test('a damaged copy answers nothing and is reported', () => {
  const { host, desk } = withRecords(1);
  desk.take('x', taker(1));
  host.reads.shift()?.then([], logIndex(7));
  assert.equal(host.damage, [7]);
  assert.is(host.moves.length, 0);
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

test.run();
