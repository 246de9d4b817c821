// From the answer of a partition until it knows what became of the record: S11 as far as the gateway carries it.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { offset } from '@callboard/client/protocol';
import type { TakesChecked } from '../../../src/actors/partition-replica/messages.ts';
import { refTo } from '../../../src/kernel/index.ts';
import type { CallAnswer, GatewayMessage } from '../../../src/actors/gateway/index.ts';
import { brokerEvent, consumer, Rig, topicEvent } from './rig.ts';
import type { RigOptions, Sent } from './rig.ts';

const gateway = refTo<GatewayMessage>('n0', 'gateway');
const asker = refTo<CallAnswer>('n0', 'asker');

/** A gateway of which the test plays the door too. */
class TakeRig extends Rig {
  readonly checked: TakesChecked[] = [];

  constructor(options: RigOptions = {}) {
    super(options);
    this.system.spawn<TakesChecked>('partition/1', () => ({
      receive: (message) => {
        this.checked.push(message);
      },
    }));
    this.withTopic('t', [['n1']]);
  }

  /** A consume that is answered with a record: the number of its take, and of the call. */
  take(): { readonly call: number; readonly take: number; readonly sent: Sent } {
    const call = this.consume(0);
    const sent = this.one();
    this.give(sent);
    return { call, take: sent.message.id, sent };
  }

  give(sent: Sent): void {
    const value = Uint8Array.of(1);
    this.reply(sent, { kind: 'consumed', id: sent.message.id, offset: offset(0), value });
  }

  heard(id: number, handed: boolean): void {
    this.system.send(gateway, { kind: 'call-heard', id, replyTo: asker, handed }, 'control');
    this.clock.settle();
  }

  /** Notes and returns that have left, as one text. */
  words(): string {
    return this.sent()
      .map(({ message }) => {
        if (message.kind !== 'settle-takes') throw new Error(`a ${message.kind} was sent`);
        return message.words
          .map((word) => `${word.consumer} +${word.noted.join()} -${word.returned.join()}`)
          .join('; ');
      })
      .join(' | ');
  }

  get start(): number {
    return this.inspect()['run'] as number;
  }

  get open(): unknown {
    return this.inspect()['openTakes'];
  }

  /** What the gateway says of these takes: `h`anded, `r`eturned or `b`usy. */
  check(calls: readonly number[], more: { readonly node?: string; readonly start?: number } = {}): string {
    const { node = 'n0', start = this.start } = more;
    const replyTo = refTo<TakesChecked>('n0', 'partition/1');
    const takes = calls.map((call) => ({ start, call }));
    this.system.send(gateway, { kind: 'check-takes', id: 9, replyTo, node, takes });
    this.clock.settle();
    const answer = this.checked.pop();
    return calls
      .map((_, i) =>
        answer?.handed.includes(i) === true ? 'h' : answer?.returned.includes(i) === true ? 'r' : 'b',
      )
      .join('');
  }

  settled(sent: Sent): void {
    this.reply(sent, { kind: 'takes-settled', id: sent.message.id });
  }
}

test('a hand-over is noted within a second, together with others of its partition, and not said again', () => {
  const rig = new TakeRig();
  const [first, second] = [rig.take(), rig.take()];
  rig.heard(first.call, true);
  rig.heard(second.call, true);
  assert.equal(rig.sent(), [], 'not at once');
  rig.clock.advance(rig.limits.takeNoteMs);
  const note = rig.one();
  assert.equal(note.message.kind === 'settle-takes' && note.message.words, [
    { consumer, noted: [first.take, second.take], returned: [] },
  ]);
  assert.is(rig.open, 2);
  rig.settled(note);
  assert.is(rig.open, 0);
  rig.clock.advance(2_000);
  assert.equal(rig.sent(), []);
});

test('the next take of the consumer carries the note, which is then not said by itself', () => {
  const rig = new TakeRig();
  const first = rig.take();
  rig.heard(first.call, true);
  const call = rig.consume(0);
  const sent = rig.one();
  assert.equal(sent.message.kind === 'consume' && [sent.message.noted, sent.message.start], [
    [first.take],
    rig.start,
  ]);
  rig.clock.advance(rig.limits.takeNoteMs * 2);
  assert.equal(rig.sent(), [], 'it is on its way');
  rig.give(sent);
  assert.is(rig.verdict(call), 'ok');
  assert.is(rig.open, 1, 'the new one');
});

test('a note that was carried by a call which took nothing is said by itself', () => {
  const rig = new TakeRig();
  const first = rig.take();
  rig.heard(first.call, true);
  rig.consume(0);
  const sent = rig.one();
  rig.reply(sent, { kind: 'nothing', id: sent.message.id, heldBy: undefined });
  rig.clock.advance(rig.limits.takeNoteMs * 2);
  assert.is(rig.words(), `${consumer} +${first.take} -`);
});

test('a note is said until the partition has it', () => {
  const rig = new TakeRig();
  const first = rig.take();
  rig.heard(first.call, true);
  rig.reach.set('n1', 'gone');
  rig.clock.advance(20_000);
  assert.is(rig.open, 1);
  rig.reach.clear();
  rig.settled(rig.nextSent());
  assert.is(rig.open, 0);
});

test('an answer that reached nobody is given back at once, also where its call had no time left', () => {
  const rig = new TakeRig();
  const first = rig.take();
  rig.heard(first.call, false);
  assert.is(rig.words(), `${consumer} + -${first.take}`);
  assert.is(rig.open, 0);

  const late = new TakeRig();
  late.call({ op: 'consume', topic: 't', consumer, partition: 0 }, 100);
  const sent = late.one();
  late.clock.advance(200);
  assert.is(late.words(), `${consumer} + -${sent.message.id}`);
  late.give(sent);
  assert.is(late.check([sent.message.id]), 'r', 'the late answer is thrown away');
});

test('what it says of a take: busy from the question to the hand-over, handed until that is noted, then over', () => {
  const rig = new TakeRig();
  const call = rig.consume(0);
  const sent = rig.one();
  const { id } = sent.message;
  assert.is(rig.check([id, id + 1]), 'br');
  rig.give(sent);
  assert.is(rig.check([id]), 'b');
  rig.heard(call, true);
  assert.is(rig.check([id]), 'h');
  rig.clock.advance(rig.limits.takeNoteMs);
  rig.settled(rig.one());
  assert.is(rig.check([id]), 'r');
});

test('takes of an earlier run are over, whatever their numbers', () => {
  const rig = new TakeRig();
  const { take } = rig.take();
  assert.is(rig.check([take], { start: rig.start + 1 }), 'r');
});

test("another node's takes are over once its broker was removed, and not because it is dead", () => {
  const rig = new TakeRig();
  rig.tell([brokerEvent('n1', { alive: false, deactivated: true })]);
  assert.is(rig.check([1, 2], { node: 'n1' }), 'bb');
  assert.is(rig.check([1], { node: 'stranger' }), 'b');
  rig.tell([brokerEvent('n1', { leaving: true })]);
  assert.is(rig.check([1, 2], { node: 'n1' }), 'rr');
});

test('a door that was restarted has lost the answers to all calls that it does not name', () => {
  const rig = new TakeRig();
  const [lost, kept] = [rig.take(), rig.take()];
  rig.system.send(gateway, { kind: 'door-restarted', replyTo: asker, open: [kept.call] }, 'control');
  rig.clock.settle();
  assert.is(rig.words(), `${consumer} + -${lost.take}`);
  rig.heard(kept.call, true);
  assert.is(rig.check([lost.take, kept.take]), 'rh');
});

test('with as many takes under way as may be consumes are refused', () => {
  const rig = new TakeRig({ limits: { gatewayOpenTakes: 1 } });
  const first = rig.take();
  const refused = rig.consume(0);
  assert.is(rig.verdict(refused), 'overloaded not_applied');
  rig.heard(first.call, true);
  rig.clock.advance(rig.limits.takeNoteMs);
  rig.settled(rig.one());
  rig.take();
});

test('a record that another node may have is no reason to say that there is nothing', () => {
  const rig = new TakeRig();
  const call = rig.consume(0);
  const sent = rig.one();
  rig.reply(sent, { kind: 'nothing', id: sent.message.id, heldBy: 'n2' });
  assert.is(rig.verdict(call), 'unavailable not_applied');
  assert.match(rig.answers.get(call)?.error?.message ?? '', /'n2'.*remove its broker/);
});

test('with its topic, or its partition begun anew, everything about its takes is forgotten', () => {
  const rig = new TakeRig();
  rig.heard(rig.take().call, true);
  rig.take();
  rig.tell([topicEvent('t', [['n1']], 1, 'deleting')]);
  rig.clock.settle();
  assert.is(rig.open, 0);
  rig.clock.advance(2_000);
  assert.equal(rig.sent(), []);

  const anew = new TakeRig();
  anew.heard(anew.take().call, true);
  anew.tell([topicEvent('t', [['n1']], 5)]);
  anew.clock.advance(2_000);
  assert.is(anew.open, 0);
});

test('a node that stops says what it has not said yet', () => {
  const rig = new TakeRig();
  const { call, take } = rig.take();
  rig.heard(call, true);
  rig.system.send(gateway, { kind: 'note-takes' }, 'control');
  rig.clock.settle();
  assert.is(rig.words(), `${consumer} +${take} -`);
});

test.run();
