import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Actor, Context, TimerHandle } from '../../src/kernel/index.ts';
import { contextOf, job, newKit } from './kit.ts';

type Message = { readonly kind: 'tick' } | { readonly kind: 'beat' } | { readonly kind: 'throw' };

test('a timer delivers its message once, not before its time, on the control lane', () => {
  const kit = newKit();
  const context = contextOf(kit, 'a');
  const fired: number[] = [];
  const started = context.now();
  context.after(
    50,
    job((own) => fired.push(own.now() - started)),
  );
  kit.pass(49);
  assert.is(fired.length, 0);
  kit.pass(500);
  assert.is(fired.length, 1);
  assert.ok((fired[0] ?? 0) >= 50);
});

test('a cancelled timer is not received, not even when it had fired and was queued', () => {
  const kit = newKit();
  const context = contextOf(kit, 'a');
  let fired = 0;
  const early = context.after(
    10,
    job(() => (fired += 1)),
  );
  context.cancel(early);
  kit.pass(20);
  assert.is(fired, 0);
  const queued = context.after(
    10,
    job(() => (fired += 1)),
  );
  // The turn in which the timer's message already waits behind this one.
  kit.clock.setTimer(9.999, () =>
    context.send(
      context.self,
      job((own) => own.cancel(queued)),
      'control',
    ),
  );
  kit.pass(50);
  assert.is(fired, 0);
  context.cancel(queued);
});

test('a handle means nothing to another actor', () => {
  const kit = newKit();
  const a = contextOf(kit, 'a');
  const b = contextOf(kit, 'b');
  let fired = 0;
  const handle: TimerHandle = a.after(
    10,
    job(() => (fired += 1)),
  );
  b.cancel(handle);
  b.cancel({ timer: handle.timer });
  kit.pass(20);
  assert.is(fired, 1);
});

test('a timer needs a finite delay that is not negative', () => {
  const context = contextOf(newKit(), 'a');
  for (const delay of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () =>
        context.after(
          delay,
          job(() => undefined),
        ),
      /delay/,
    );
  }
});

test('timers die with their incarnation', () => {
  const kit = newKit();
  const ticks: number[] = [];
  const ref = kit.system.spawn<Message>(
    'a',
    () => ({
      start: (context) => context.after(500, { kind: 'tick' }),
      receive: (message, context) => {
        if (message.kind === 'throw') throw new Error('broken');
        ticks.push(context.incarnation);
      },
    }),
    { restart: { firstDelayMs: 100, maxDelayMs: 100, budget: 5, windowMs: 1000 } },
  );
  kit.pass(300);
  kit.system.send(ref, { kind: 'throw' });
  kit.pass(250);
  assert.is(kit.system.inspect()[0]?.state, 'running');
  assert.equal(ticks, [], 'the first incarnation would have ticked by now');
  kit.pass(500);
  assert.equal(ticks, [2]);
  contextOf(kit, 'b').after(
    1000,
    job(() => undefined),
  );
  assert.is(kit.loop.pending, 1);
  kit.system.stopAll();
  kit.settle();
  assert.is(kit.loop.pending, 0);
});

/** Counts beats since its last tick, as a failure detector does. */
class Detector implements Actor<Message> {
  readonly ticks: number[] = [];
  #beats = 0;

  start(context: Context<Message>): void {
    context.after(100, { kind: 'tick' });
  }

  receive(message: Message, context: Context<Message>): void {
    if (message.kind === 'beat') {
      this.#beats += 1;
      return;
    }
    this.ticks.push(this.#beats);
    this.#beats = 0;
    context.after(100, { kind: 'tick' });
  }
}

test('a timer that is late by a stall counts once, after the beats that waited in the sockets', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const kit = newKit({ seed });
    const detector = new Detector();
    const ref = kit.system.spawn<Message>('detector', () => detector);
    kit.settle();
    for (let at = 40; at <= 2000; at += 50) {
      kit.clock.inputAt(at * 1000, () => kit.system.send(ref, { kind: 'beat' }, 'control'));
    }
    kit.pass(250);
    const before = detector.ticks.length;
    kit.clock.stall(1200);
    kit.pass(1250);
    const after = detector.ticks.slice(before);
    assert.is(after.length, 1, `seed ${seed}: one tick for a stall of twelve periods`);
    assert.ok((after[0] ?? 0) >= 20, `seed ${seed}: the beats were counted first, got ${after[0]}`);
  }
});

test.run();
