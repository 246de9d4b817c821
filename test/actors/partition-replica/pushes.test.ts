// The leader's subscriptions, with a replica by hand: the test decides when reads, commits and confirmations come back.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits, failure, logIndex, offset, type Offset } from '@callboard/client/protocol';
import type { ChunkRange, ChunksThen } from '../../../src/actors/partition-replica/log-reads.ts';
import type { PushNews, PushRequest } from '../../../src/actors/partition-replica/push-messages.ts';
import { PushDesk, type PushHost } from '../../../src/actors/partition-replica/pushes.ts';
import type { Place } from '../../../src/actors/partition-replica/queries.ts';
import { refTo, type Ref, type SendResult } from '../../../src/kernel/index.ts';
import { CursorTable } from '../../../src/partition/cursors.ts';
import { decodeCursorCommand } from '../../../src/partition/index.ts';
import { draftOf, entryOf } from '../../lib/chunks.ts';

const test = suite('partition-replica/pushes');

type Body<R> = R extends unknown ? Omit<R, 'id' | 'replyTo'> : never;

class Host {
  applied = 0;
  readable = 0;
  index = 10;
  linkFull = false;
  readonly sent: { readonly to: string; readonly news: PushNews }[] = [];
  readonly left: string[] = [];
  readonly places: ((place: Place) => void)[] = [];
  readonly reads: { readonly range: ChunkRange; readonly then: ChunksThen }[] = [];
  readonly proposed: { readonly index: number; readonly body: Uint8Array }[] = [];
  readonly resets: string[] = [];
  readonly damages: number[] = [];
  refuse = false;
  readonly cursors = new CursorTable({
    cursorsPerPartition: 100,
    statusConsumers: 3,
    openTakesPerConsumer: 10,
    openTakesPerPartition: 10,
  });
  readonly desk: PushDesk;
  readonly stored: Uint8Array[] = [];

  constructor(limits: Partial<PushHost['limits']> = {}) {
    this.desk = new PushDesk({
      limits: { ...defaultLimits, ...limits },
      end: () => offset(this.applied),
      readableEnd: () => offset(this.readable),
      place: (_position, then) => void this.places.push(then),
      chunks: (range, then) => this.reads.push({ range, then }) > 0,
      propose: (body) => this.#propose(body),
      damaged: (index) => void this.damages.push(index),
      reset: (consumer, { session, from, to }, address) =>
        void this.resets.push(`${consumer} ${session} ${from} ${to} ${address}`),
      send: (to, news) => this.#send(to, news),
      leave: (to, { kind }) => void this.left.push(`${to.id} ${kind}`),
      leader: () => 'n2',
    });
  }

  ask(id: number, request: Body<PushRequest>, node = 'n1'): void {
    const replyTo = refTo<PushNews>(node, `client/${id}`);
    this.desk.handle({ ...request, id, replyTo });
    this.desk.settle();
  }

  open(id: number, session?: number, node = 'n1'): void {
    const owner = session === undefined ? undefined : { consumer: 'c', session };
    const start = { at: 'earliest', value: 0 } as const;
    this.ask(id, { kind: 'push-open', owner, start, reset: false }, node);
    if (session === undefined) this.places.shift()?.({ offset: offset(0), end: offset(this.applied) });
    else this.commit();
  }

  pull(id: number, records = 1_000, bytes = 1 << 20): void {
    this.ask(id, { kind: 'push-pull', records, bytes });
  }

  /** Records are committed, one chunk. */
  append(texts: readonly string[]): void {
    this.index += 1;
    const baseOffset = offset(this.applied);
    const { bytes } = entryOf(draftOf(texts), { index: this.index, baseOffset });
    this.stored.push(bytes);
    this.applied += texts.length;
    this.desk.committed({ index: logIndex(this.index), baseOffset, end: offset(this.applied), bytes });
    this.desk.settle();
  }

  /** The oldest command is committed. */
  commit(): void {
    const next = this.proposed.shift();
    if (next === undefined) throw new Error('nothing was proposed');
    const command = decodeCursorCommand(next.body);
    const index = logIndex(next.index);
    if (command.kind === 'attach') {
      const result = this.cursors.attach(command.attach, this.applied);
      this.desk.attached(index, command.attach.consumer, result);
    } else if (command.kind === 'advances') {
      this.desk.advanced(
        index,
        command.advances.map((advance) => this.cursors.advance(advance, this.applied)),
      );
    }
    this.desk.settle();
  }

  /** What was sent since the last look, shortly. */
  news(): string[] {
    return this.sent.splice(0).map(({ to, news }) => {
      const what = 'error' in news ? news.error.code : 'next' in news ? `${news.records}>${news.next}` : '';
      const where = 'cursor' in news ? news.cursor : 'offset' in news ? `${news.offset}/${news.end}` : '';
      return [to, news.kind, what, where].filter((part) => part !== '').join(' ');
    });
  }

  #propose(body: Uint8Array): ReturnType<PushHost['propose']> {
    if (this.refuse) return { error: failure('overloaded') };
    this.index += 1;
    this.proposed.push({ index: this.index, body });
    return { index: logIndex(this.index) };
  }

  #send(to: Ref<PushNews>, news: PushNews): SendResult {
    if (this.linkFull) return 'full';
    this.sent.push({ to: to.id, news });
    return 'accepted';
  }
}

test('what is committed goes to who has asked for it, as stored; others are told once that there is more', () => {
  const host = new Host();
  host.open(1);
  host.open(2);
  assert.equal(host.news(), ['client/1 push-opened 0/0', 'client/2 push-opened 0/0']);
  host.pull(1);
  host.append(['a', 'b']);
  const [first] = host.sent;
  assert.ok(first?.news.kind === 'pushed' && first.news.chunks[0] === host.stored[0]);
  assert.equal(host.news(), ['client/1 pushed 2>2', 'client/2 push-ready']);
  host.append(['c']);
  assert.equal(host.news(), ['client/1 push-ready']);
  host.pull(2);
  assert.equal(host.news(), ['client/2 pushed 3>3']);
});

test('a pull is answered within its counts, but for the chunk that oversteps them', () => {
  const host = new Host();
  host.open(1);
  for (const texts of [
    ['a', 'b'],
    ['c', 'd'],
    ['e', 'f'],
  ]) {
    host.append(texts);
  }
  host.news();
  host.pull(1, 3);
  assert.equal(host.news(), ['client/1 pushed 4>4']);
  host.pull(1, 3, 1);
  assert.equal(host.news(), ['client/1 pushed 2>6']);
});

test('what is no longer in memory is read from the disk, from where the last delivery ended', () => {
  const host = new Host({ pushTailBytes: 1 });
  host.open(1);
  for (const text of ['a', 'b', 'c']) host.append([text]);
  host.news();
  host.pull(1);
  assert.is(host.reads.length, 0, 'nothing is durable here');
  host.readable = 3;
  host.desk.stir();
  host.desk.settle();
  const first = host.reads.shift();
  assert.equal([first?.range.offset, first?.range.upTo, first?.range.at], [0, 3, undefined]);
  first?.then(host.stored.slice(0, 2), undefined);
  assert.equal(host.news(), ['client/1 pushed 2>2']);
  host.pull(1);
  assert.equal(host.news(), ['client/1 pushed 1>3'], 'the newest is in memory');
});

test('a damaged copy ends the subscription and is reported', () => {
  const host = new Host({ pushTailBytes: 1 });
  host.open(1);
  for (const text of ['a', 'b']) host.append([text]);
  host.readable = 2;
  host.news();
  host.pull(1);
  host.reads.shift()?.then([], logIndex(11));
  assert.equal(host.news(), ['client/1 push-ended replica_damaged']);
  assert.equal(host.damages, [11]);
});

test('S10: attaching a higher session ends the subscription of the lower one, at once', () => {
  const host = new Host();
  host.append(['a']);
  host.open(1, 1);
  host.open(2, 2);
  assert.equal(host.news(), [
    'client/1 push-opened 0/1',
    'client/1 push-ended fenced',
    'client/2 push-opened 0/1',
  ]);
  host.open(1, 1);
  assert.equal(host.news(), ['client/1 push-ended fenced']);
  assert.is(host.desk.size, 1);
});

test('a take over HTTP ends the subscription of its consumer', () => {
  const host = new Host();
  host.open(1, 1);
  host.open(2);
  host.news();
  host.desk.taken('nobody');
  host.desk.taken('c');
  assert.equal(host.news(), ['client/1 push-ended fenced']);
});

test('acks that come while a command is under way share the next one, each subscription with its highest', () => {
  const host = new Host();
  host.open(1, 1);
  for (const text of ['a', 'b', 'c', 'd']) host.append([text]);
  host.pull(1);
  host.news();
  for (const upTo of [1, 2, 4, 3] as Offset[]) host.ask(1, { kind: 'push-ack', upTo });
  assert.is(host.proposed.length, 1);
  host.commit();
  assert.equal(host.news(), ['client/1 push-acked 1']);
  assert.is(host.proposed.length, 1);
  host.commit();
  assert.equal(host.news(), ['client/1 push-acked 4']);
  assert.is(host.proposed.length, 0);
});

test('an ack beyond what was delivered, or without an owner, is refused; so is one that cannot be proposed', () => {
  const host = new Host();
  host.append(['a']);
  host.open(1, 1);
  host.open(2);
  host.news();
  host.ask(1, { kind: 'push-ack', upTo: offset(1) });
  host.ask(2, { kind: 'push-ack', upTo: offset(0) });
  assert.equal(host.news(), [
    'client/1 push-ack-refused bad_request',
    'client/2 push-ack-refused bad_request',
  ]);
  host.refuse = true;
  host.ask(1, { kind: 'push-ack', upTo: offset(0) });
  assert.equal(host.news(), ['client/1 push-ack-refused overloaded']);
});

test('the end of the leadership ends all subscriptions, those being opened too', () => {
  const host = new Host();
  host.open(1, 1);
  host.ask(2, {
    kind: 'push-open',
    owner: { consumer: 'd', session: 1 },
    start: { at: 'earliest', value: 0 },
    reset: false,
  });
  // One whose beginning is still being looked up, so that no attach was proposed.
  const start = { at: 'time', value: 5 } as const;
  host.ask(3, { kind: 'push-open', owner: { consumer: 'e', session: 1 }, start, reset: true });
  host.news();
  host.desk.abandon();
  const ends = host.sent.splice(0).map(({ news }) => {
    assert.ok(news.kind === 'push-ended');
    return `${news.id} ${news.error.code} ${news.error.outcome}`;
  });
  assert.equal(ends.toSorted(), [
    '1 not_leader not_applied',
    '2 not_leader unknown',
    '3 not_leader not_applied',
  ]);
  host.commit();
  assert.equal(host.news(), [], 'what is committed later under another leader opens nothing here');
  assert.is(host.desk.size, 0);
});

test('a full link holds the delivery back until it is stirred, and loses nothing', () => {
  const host = new Host();
  host.open(1);
  host.pull(1);
  host.linkFull = true;
  host.append(['a']);
  host.append(['b']);
  host.linkFull = false;
  host.news();
  host.desk.stir();
  host.desk.settle();
  assert.equal(host.news(), ['client/1 pushed 2>2']);
});

test('ends that a full link does not take while the replica itself ends are left to somebody who outlives it', () => {
  const host = new Host();
  host.open(1);
  host.open(2);
  host.news();
  host.linkFull = true;
  host.desk.close();
  host.desk.close();
  assert.equal(host.left, ['client/1 push-ended', 'client/2 push-ended']);
  host.linkFull = false;
  host.desk.stir();
  assert.equal(host.news(), []);
});

test('an end that a full link does not take is told when it has room, in its turn; nothing is left waiting', () => {
  const host = new Host();
  host.open(1, 1);
  host.news();
  host.linkFull = true;
  host.open(2, 2);
  host.linkFull = false;
  host.pull(1);
  assert.equal(host.news(), [], 'it does not overtake what waits');
  host.desk.stir();
  assert.equal(host.news(), [
    'client/1 push-ended fenced',
    'client/2 push-opened 0/0',
    'client/1 push-ended not_leader',
  ]);
});

test('subscriptions of a node that is lost are gone, and close is final', () => {
  const host = new Host();
  host.open(1, undefined, 'n3');
  host.open(2);
  host.desk.nodeLost('n3');
  assert.is(host.desk.size, 1);
  host.ask(2, { kind: 'push-close' });
  assert.is(host.desk.size, 0);
  host.news();
  host.append(['a']);
  assert.equal(host.news(), []);
  assert.is(host.desk.inspect()['pushTailBytes'], 0, 'nothing is kept for nobody');
});

test('one partition takes so many subscriptions and no more', () => {
  const host = new Host({ partitionSubscriptions: 1 });
  host.open(1);
  host.open(2);
  assert.equal(host.news(), ['client/1 push-opened 0/0', 'client/2 push-ended limit_reached']);
});

test('places are shared by address, and each way out of one gives it back', () => {
  const host = new Host({ partitionSubscriptions: 10 });
  const start = { at: 'earliest', value: 0 } as const;
  const open = (id: number, address: string, node = 'n1', session = 0): void => {
    const owner = session === 0 ? undefined : { consumer: `c${id}`, session };
    host.ask(id, { kind: 'push-open', owner, start, reset: false, address }, node);
    if (session === 0) host.places.shift()?.({ offset: offset(0), end: offset(host.applied) });
  };
  const refused = (): number =>
    host.sent.filter(({ news }) => 'error' in news && news.error.code === 'limit_reached').length;
  for (let round = 0; round < 3; round += 1) {
    const before = refused();
    const base = 100 * round;
    for (let n = 1; n <= 9; n += 1) open(base + n, 'a', n > 4 ? 'n2' : 'n1');
    assert.is(refused(), before + 1, 'of ten places a fifth is kept for who is within his share');
    open(base + 20, 'b');
    open(base + 21, 'b', 'n1', 1);
    assert.is(refused(), before + 1);
    open(base + 22, 'b');
    assert.is(refused(), before + 2);
    host.desk.nodeLost('n2');
    for (const n of [1, 2, 3, 4, 20, 21]) host.ask(base + n, { kind: 'push-close' });
  }
  for (let n = 1; n <= 8; n += 1) open(900 + n, 'a');
  host.desk.abandon();
  const before = refused();
  for (let n = 1; n <= 8; n += 1) open(950 + n, 'a');
  assert.is(refused(), before);
});

test('a cursor that is moved is told to whom it was taken from, and noted', () => {
  const host = new Host();
  host.append(['a', 'b', 'c', 'd']);
  host.open(1, 1);
  const owner = { consumer: 'c', session: 2 };
  host.ask(2, {
    kind: 'push-open',
    owner,
    start: { at: 'latest', value: 0 },
    reset: true,
    address: '10.0.0.9',
  });
  host.commit();
  assert.equal(host.resets, ['c 2 0 4 10.0.0.9']);
  const ended = host.sent.find(({ news }) => news.kind === 'push-ended')?.news;
  assert.match(
    JSON.stringify(ended),
    /session 2 has taken over from session 1 .* from 0 to 4, so that 4 records are skipped/,
  );
});

test('the same session over another connection takes over without fencing; one that came late for a client that left, not even that', () => {
  const host = new Host();
  host.open(1, 4);
  host.news();
  host.open(2, 4);
  assert.equal(host.news(), ['client/1 push-ended unavailable', 'client/2 push-opened 0/0']);
  const owner = { consumer: 'c', session: 4 };
  const start = { at: 'earliest', value: 0 } as const;
  host.ask(3, { kind: 'push-open', owner, start, reset: false });
  host.ask(3, { kind: 'push-close' });
  host.commit();
  assert.equal(host.news(), []);
  host.pull(2);
  host.append(['a']);
  assert.equal(host.news(), ['client/2 pushed 1>1']);
  host.open(4, 5);
  assert.equal(host.news(), ['client/2 push-ended fenced', 'client/4 push-opened 0/1']);
});

test.run();
