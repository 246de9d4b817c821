import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OUTSIDE, refTo } from '../../src/kernel/index.ts';
import type { Ref } from '../../src/kernel/index.ts';
import { actorOf, collector, contextOf, doer, job, newKit } from './kit.ts';
import type { Do } from './kit.ts';

interface Text {
  readonly kind: 'text';
  readonly text: string;
}

const text = (value: string): Text => ({ kind: 'text', text: value });

test('messages arrive in the order of sending', () => {
  const kit = newKit();
  const got: Text[] = [];
  const ref = kit.system.spawn('a', collector(got));
  for (let i = 0; i < 500; i += 1) assert.is(kit.system.send(ref, text(`${i}`)), 'accepted');
  assert.is(got.length, 0, 'nothing runs inside send');
  kit.settle();
  assert.equal(
    got.map((message) => message.text),
    Array.from({ length: 500 }, (_, i) => `${i}`),
  );
});

test('the factory and start run in the first turn, before the first message', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = kit.system.spawn<Text>('a', () => {
    events.push('factory');
    return { start: () => events.push('start'), receive: (message) => events.push(message.text) };
  });
  kit.system.send(ref, text('first'));
  assert.equal(events, []);
  kit.settle();
  assert.equal(events, ['factory', 'start', 'first']);
});

test('a send from a handler is queued, never run inside it', () => {
  const kit = newKit();
  let depth = 0;
  let deepest = 0;
  let handled = 0;
  const ref = kit.system.spawn<Text>(
    'a',
    actorOf((message, context) => {
      depth += 1;
      deepest = Math.max(deepest, depth);
      handled += 1;
      if (handled < 100_000) context.send(context.self, message);
      depth -= 1;
    }),
  );
  kit.system.send(ref, text('again'));
  kit.pass(10);
  assert.is(handled, 100_000);
  assert.is(deepest, 1);
});

test('a full data lane refuses and the control lane still takes', () => {
  const kit = newKit();
  const got: Text[] = [];
  const ref = kit.system.spawn('a', collector(got), { dataCapacity: 2 });
  const answers = ['1', '2', '3'].map((value) => kit.system.send(ref, text(value)));
  assert.equal(answers, ['accepted', 'accepted', 'full']);
  assert.is(kit.system.send(ref, text('c'), 'control'), 'accepted');
  kit.settle();
  assert.equal(
    got.map((message) => message.text),
    ['c', '1', '2'],
  );
});

test('a control lane that runs over its bound fails the actor', () => {
  const kit = newKit({ limits: { mailboxControlMessages: 3 } });
  const ref = kit.system.spawn('a', collector<Text>([]), { restart: 'never' });
  const answers = [1, 2, 3, 4].map((i) => kit.system.send(ref, text(`${i}`), 'control'));
  assert.equal(answers, ['accepted', 'accepted', 'accepted', 'full']);
  kit.settle();
  assert.is(kit.system.find('a'), undefined);
  assert.match(
    String(kit.notes.find((note) => note.event === 'actor.failed')?.fields?.['error']),
    'control lane',
  );
});

test('an absent actor is gone, and so is a stopped one', () => {
  const kit = newKit();
  const got: Text[] = [];
  assert.is(kit.system.send(refTo<Text>('n1', 'nobody'), text('x')), 'gone');
  const ref = kit.system.spawn('a', collector(got));
  kit.system.send(ref, text('dropped'));
  kit.system.stop(ref);
  assert.is(kit.system.send(ref, text('late')), 'gone');
  assert.is(kit.system.find('a'), undefined);
  kit.settle();
  assert.equal(got, []);
  kit.system.stop(ref);
});

test('an actor that stops itself finishes its message and drops the rest', () => {
  const kit = newKit();
  const events: string[] = [];
  const ref = kit.system.spawn<Text>('a', () => ({
    receive: (message, context) => {
      context.stop();
      events.push(message.text, context.send(context.self, message));
    },
    stopped: () => events.push('stopped'),
  }));
  kit.system.send(ref, text('1'));
  kit.system.send(ref, text('2'));
  kit.settle();
  assert.equal(events, ['1', 'gone', 'stopped']);
});

test('what waits for an actor that is stopped is given back to it, also before its first turn', () => {
  const { system } = newKit();
  const heard: string[] = [];
  const ref = system.spawn<string>('late', () => ({
    start: () => void heard.push('started'),
    receive: () => undefined,
    stopped: () => void heard.push('stopped'),
    undelivered: (message, context) => void heard.push(`${message} ${context.self.id}`),
  }));
  system.send(ref, 'early');
  system.stop(ref);
  assert.equal(heard, ['early late']);
});

test('an actor may stop another, which ends at once', () => {
  const kit = newKit();
  const events: string[] = [];
  const victim = kit.system.spawn<Text>('victim', () => ({
    receive: () => undefined,
    stopped: () => events.push('stopped'),
  }));
  const killer = kit.system.spawn<Do>('killer', doer);
  kit.settle();
  kit.system.send(
    killer,
    job((context) => {
      context.stop(victim);
      events.push('after', context.send(victim, text('x')));
    }),
  );
  kit.settle();
  assert.equal(events, ['stopped', 'after', 'gone']);
});

test('an id is taken while its actor lives and free afterwards, with a higher incarnation', () => {
  const kit = newKit();
  const first = contextOf(kit, 'a');
  assert.throws(() => kit.system.spawn('a', doer), /taken/);
  assert.is(first.incarnation, 1);
  kit.system.stop(first.self);
  assert.is(contextOf(kit, 'a').incarnation, 2);
  assert.throws(() => kit.system.spawn(OUTSIDE, doer), /id/);
  assert.throws(() => kit.system.spawn('', doer), /id/);
});

test('the context of an ended incarnation is inert', () => {
  const kit = newKit();
  const got: Text[] = [];
  const other: Ref<Text> = kit.system.spawn('other', collector(got));
  const old = contextOf(kit, 'a');
  kit.system.stop(old.self);
  const fresh = contextOf(kit, 'a');
  assert.is(old.send(other, text('x')), 'gone');
  old.after(
    0,
    job(() => got.push(text('timer'))),
  );
  old.monitor(
    refTo('n1', 'nobody'),
    job(() => got.push(text('monitor'))),
  );
  old.stop();
  old.stop(other);
  assert.throws(() => old.spawn('child', doer), /ended/);
  kit.pass(100);
  assert.equal(got, []);
  assert.is(fresh.send(other, text('y')), 'accepted');
});

test('a message for another node goes to the network, which is flushed once per drain', () => {
  const kit = newKit();
  const far = refTo<Text>('n2', 'b');
  const ref = kit.system.spawn<Do>('a', doer);
  kit.system.send(
    ref,
    job((context) => {
      for (let i = 0; i < 10; i += 1) assert.is(context.send(far, text(`${i}`), 'control'), 'accepted');
    }),
  );
  kit.settle();
  assert.is(kit.sent.length, 10);
  assert.is(kit.flushes(), 1);
  assert.equal(kit.sent[0], { from: ref, to: far, lane: 'control', message: text('0') });
  kit.system.send(far, text('from outside'));
  kit.settle();
  assert.is(kit.sent[10]?.from.id, OUTSIDE);
  assert.is(kit.flushes(), 2, 'outside a turn a flush is arranged for');
});

test('the network hears its own refusals', () => {
  const kit = newKit({ networkAnswer: () => 'full' });
  assert.is(kit.system.send(refTo<Text>('n2', 'b'), text('x')), 'full');
  assert.is(
    kit.system.send(refTo<Text>('n1', 'b', 1), text('x')),
    'full',
    'another shard is reached by the network',
  );
});

test('deliver takes what is meant for this node and shard only', () => {
  const kit = newKit();
  const got: Text[] = [];
  const to = kit.system.spawn('a', collector(got), { dataCapacity: 1 });
  const from = refTo('n2', 'b');
  const envelope = { from, to, lane: 'data', message: text('x') } as const;
  assert.is(kit.system.deliver({ ...envelope, to: refTo('n2', 'a') }), 'gone');
  assert.is(kit.system.deliver({ ...envelope, to: refTo('n1', 'a', 1) }), 'gone');
  assert.is(kit.system.deliver({ ...envelope, to: refTo('n1', 'z') }), 'gone');
  assert.is(kit.system.deliver(envelope), 'accepted');
  assert.is(kit.system.deliver(envelope), 'full');
  kit.settle();
  assert.equal(got, [text('x')]);
});

test('stopAll ends everyone, the youngest first, and the system with them', () => {
  const kit = newKit();
  const events: string[] = [];
  for (const id of ['a', 'b', 'c']) {
    kit.system.spawn<Text>(id, () => ({ receive: () => undefined, stopped: () => events.push(id) }));
  }
  kit.settle();
  kit.system.stopAll();
  assert.equal(events, ['c', 'b', 'a']);
  assert.equal(kit.system.inspect(), []);
  assert.throws(() => kit.system.spawn('d', doer), /stopped/);
});

test('inspect tells what waits and what happened', () => {
  const kit = newKit();
  const ref = kit.system.spawn<Text>('a', () => ({ receive: () => undefined, inspect: () => ({ term: 7 }) }));
  kit.system.spawn<Text>('b', () => ({
    receive: () => undefined,
    inspect: () => {
      throw new Error('no view');
    },
  }));
  kit.system.send(ref, text('1'));
  kit.pass(20);
  kit.system.send(ref, text('2'));
  kit.system.send(ref, text('3'), 'control');
  const [a, b] = kit.system.inspect();
  assert.equal(a, {
    id: 'a',
    state: 'running',
    incarnation: 1,
    restarts: 0,
    control: 1,
    data: 1,
    dataCapacity: 1024,
    refused: 0,
    handled: 1,
    ageMs: 20,
    details: { term: 7 },
  });
  assert.match(String(b?.details['inspectFailed']), 'no view');
  assert.equal(kit.system.inspectOne('a'), a);
  assert.is(kit.system.inspectOne('nobody'), undefined);
});

test('messages are frozen through and through when asked for, and bytes left alone', () => {
  const kit = newKit();
  const message = {
    kind: 'text',
    text: 'x',
    list: [{ n: 1 }],
    bytes: new Uint8Array(2),
    when: new Date(0),
  } as const;
  const cyclic: { kind: 'text'; text: string; self?: unknown } = { kind: 'text', text: 'y' };
  cyclic.self = cyclic;
  const ref = kit.system.spawn<Text>('a', collector([]));
  kit.system.send(ref, message);
  kit.system.send(ref, cyclic);
  assert.ok(Object.isFrozen(message) && Object.isFrozen(message.list) && Object.isFrozen(message.list[0]));
  assert.not(Object.isFrozen(message.bytes));
  assert.not(Object.isFrozen(message.when));
  assert.ok(Object.isFrozen(cyclic));
  const loose = newKit({ freezeMessages: false });
  const free = { kind: 'text', text: 'x' } as const;
  loose.system.send(loose.system.spawn<Text>('a', collector([])), free);
  assert.not(Object.isFrozen(free));
});

test.run();
