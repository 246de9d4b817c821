import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIndex, offset, term } from '@callboard/client/protocol';
import { OpenProduces } from '../../../src/actors/partition-replica/produces.ts';
import { ReadableEnd } from '../../../src/actors/partition-replica/readable-end.ts';
import type { Acks, PartitionAnswer } from '../../../src/actors/partition-replica/messages.ts';
import { refTo } from '../../../src/kernel/index.ts';

const test = suite('partition-replica/produces (S1, S2)');

function desk(): {
  open: OpenProduces;
  answers: PartitionAnswer[];
  add(id: number, index: number, acks?: Acks): void;
} {
  const answers: PartitionAnswer[] = [];
  const send = (_to: unknown, message: unknown): 'accepted' => {
    answers.push(message as PartitionAnswer);
    return 'accepted';
  };
  const open = new OpenProduces({ send });
  const add = (id: number, index: number, acks: Acks = 'quorum'): void =>
    open.add(logIndex(index), term(2), {
      id,
      replyTo: refTo('n', 'gateway'),
      acks,
      baseOffset: offset(index * 10),
    });
  return { open, answers, add };
}

function told(answers: readonly PartitionAnswer[]): readonly string[] {
  return answers.map((a) => `${a.id}:${a.kind === 'partition-failed' ? a.error.outcome : a.kind}`);
}

test('an index committed in its term is stored', () => {
  const { open, answers, add } = desk();
  add(1, 5);
  add(2, 6);
  open.applied(logIndex(5), term(2));
  assert.equal(answers, [{ kind: 'produced', id: 1, baseOffset: 50 }]);
});

test("an index committed in another term is not the caller's", () => {
  const { open, answers, add } = desk();
  add(1, 5);
  open.applied(logIndex(5), term(3));
  assert.equal(told(answers), ['1:not_applied']);
});

test("those that the leader's disk is enough for are answered by it, whatever became of others", () => {
  const { open, answers, add } = desk();
  add(1, 5, 'leader');
  add(2, 6, 'leader');
  add(3, 7, 'quorum');
  open.abandon(undefined);
  add(6, 5, 'leader');
  add(4, 6, 'leader');
  const repeat = { id: 5, replyTo: refTo('n', 'gateway'), acks: 'leader', baseOffset: offset(60) } as const;
  open.join(logIndex(6), repeat);
  open.applied(logIndex(5), term(2));
  open.durable(logIndex(6));
  assert.equal(told(answers), [
    ...['1:unknown', '2:unknown', '3:unknown'],
    ...['6:produced', '4:produced', '5:produced'],
  ]);
});

test('the end of a leadership leaves the outcome unknown', () => {
  const { open, answers, add } = desk();
  add(1, 5);
  open.abandon('other');
  assert.equal(told(answers), ['1:unknown']);
});

test("acks 'leader' waits for the leader's disk, not for the quorum", () => {
  const { open, answers, add } = desk();
  add(1, 5, 'leader');
  add(2, 5 + 1, 'leader');
  add(3, 7);
  open.durable(logIndex(5));
  assert.equal(told(answers), ['1:produced']);
  open.durable(logIndex(7));
  assert.equal(told(answers), ['1:produced', '2:produced']);
  open.applied(logIndex(5), term(2));
  open.applied(logIndex(6), term(2));
  open.applied(logIndex(7), term(2));
  assert.equal(told(answers), ['1:produced', '2:produced', '3:produced']);
});

test('a repeat waits with its original', () => {
  const { open, answers, add } = desk();
  add(1, 5);
  open.join(logIndex(5), { id: 9, replyTo: refTo('n', 'gateway'), acks: 'quorum', baseOffset: offset(50) });
  open.applied(logIndex(5), term(2));
  assert.equal(told(answers), ['1:produced', '9:produced']);
});

test('what is readable is both applied and durable, in whichever order they come', () => {
  const readable = new ReadableEnd();
  readable.applied(logIndex(2), offset(3));
  assert.is(readable.end, 0);
  readable.durable(logIndex(1));
  assert.is(readable.end, 0);
  readable.durable(logIndex(4));
  assert.is(readable.end, 3);
  readable.applied(logIndex(4), offset(7));
  assert.is(readable.end, 7);
  assert.is(readable.index, 4);
  readable.applied(logIndex(5), offset(9));
  assert.is(readable.end, 7);
});

test.run();
