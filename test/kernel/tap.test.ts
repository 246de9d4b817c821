// A tap shows what one actor handles: bounded, over restarts, and nothing once it is over.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refTo, type TapSight } from '../../src/kernel/index.ts';
import { newKit } from './kit.ts';

interface Watch {
  readonly seen: TapSight[];
  readonly ends: boolean[];
  readonly listener: { saw(sight: TapSight): void; ended(complete: boolean): void };
}

function watch(): Watch {
  const seen: TapSight[] = [];
  const ends: boolean[] = [];
  return {
    seen,
    ends,
    listener: { saw: (sight) => void seen.push(sight), ended: (complete) => void ends.push(complete) },
  };
}

type Message = { readonly kind: 'one' | 'two' | 'tick' | 'fail' };

const test = suite('taps');

test('show kind, sender, lane and times of what is handled, and no more than was asked for', () => {
  const { system, settle, pass } = newKit();
  const handled: string[] = [];
  const ref = system.spawn<Message>('a', () => ({
    start: (context) => void context.after(10, { kind: 'tick' }),
    receive: (message) => void handled.push(message.kind),
  }));
  settle();
  const { seen, ends, listener } = watch();
  assert.is(system.tap('a', 3, listener), true);
  system.send(ref, { kind: 'one' });
  system.deliver({ from: refTo('n2', 'b'), to: ref, lane: 'control', message: { kind: 'two' } });
  settle();
  pass(20);
  assert.equal(
    seen.map(({ kind, from, lane }) => [kind, from, lane]),
    [
      ['two', 'n2/0/b', 'control'],
      ['one', 'n1/0/outside', 'data'],
      ['tick', undefined, 'control'],
    ],
  );
  assert.ok(seen.every(({ waitedMs, tookMs }) => waitedMs >= 0 && tookMs >= 0));
  assert.equal(ends, [true]);
  system.send(ref, { kind: 'one' });
  settle();
  assert.is(seen.length, 3);
  assert.equal(handled, ['two', 'one', 'tick', 'one']);
});

test('go on over a restart, and tell of the message that failed', () => {
  const { system, settle, pass } = newKit();
  const ref = system.spawn<Message>('a', () => ({
    receive: (message) => {
      if (message.kind === 'fail') throw new Error('as asked');
    },
  }));
  settle();
  const { seen, ends, listener } = watch();
  system.tap('a', 2, listener);
  system.send(ref, { kind: 'fail' });
  settle();
  pass(1_000);
  system.send(ref, { kind: 'one' });
  settle();
  assert.equal(
    seen.map(({ kind }) => kind),
    ['fail', 'one'],
  );
  assert.equal(ends, [true]);
});

test('end with the actor, and with a second tap, and are refused where there is no actor', () => {
  const { system, settle } = newKit();
  const ref = system.spawn<Message>('a', () => ({ receive: () => undefined }));
  const [first, second] = [watch(), watch()];
  system.tap('a', 5, first.listener);
  system.tap('a', 5, second.listener);
  assert.equal([first.ends, second.ends], [[false], []]);
  system.send(ref, { kind: 'one' });
  settle();
  system.stop(ref);
  settle();
  assert.equal([first.seen.length, second.seen.length, second.ends], [0, 1, [false]]);
  assert.is(system.tap('a', 5, first.listener), false);
});

test('do not bring back a timer that was cancelled while it waited in the mailbox', () => {
  const { system, settle, pass } = newKit();
  const handled: string[] = [];
  system.spawn<Message>('a', () => {
    let timer: { readonly timer: number } | undefined;
    return {
      start: (context) => {
        timer = context.after(10, { kind: 'tick' });
        context.after(10, { kind: 'two' });
      },
      receive: (message, context) => {
        handled.push(message.kind);
        if (message.kind === 'two' && timer !== undefined) context.cancel(timer);
      },
    };
  });
  settle();
  const { seen, listener } = watch();
  system.tap('a', 5, listener);
  pass(50);
  assert.equal(
    seen.map(({ kind }) => kind),
    handled,
  );
});

test('a full data lane is counted', () => {
  const { system, settle } = newKit();
  const ref = system.spawn<Message>('a', () => ({ receive: () => undefined }), { dataCapacity: 2 });
  for (let at = 0; at < 5; at += 1) system.send(ref, { kind: 'one' });
  settle();
  assert.is(system.inspectOne('a')?.refused, 3);
  assert.is(system.inspectOne('a')?.handled, 2);
  assert.is(system.inspectOne('nobody'), undefined);
});

test.run();
