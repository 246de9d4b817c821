import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Scheduler } from '../../src/kernel/scheduler.ts';
import type { Task } from '../../src/kernel/scheduler.ts';
import { kernelLimits } from '../../src/kernel/limits.ts';
import type { Clock } from '../../src/kernel/index.ts';
import { actorOf, newKit } from './kit.ts';

interface Count {
  readonly kind: 'count';
}

test('an actor with a long queue yields to its neighbours after each turn', () => {
  const kit = newKit({ limits: { turnMessages: 64 } });
  const order: string[] = [];
  const refs = ['a', 'b'].map((id) =>
    kit.system.spawn<Count>(
      id,
      actorOf(() => order.push(id)),
    ),
  );
  for (const ref of refs) for (let i = 0; i < 200; i += 1) kit.system.send(ref, { kind: 'count' });
  kit.settle();
  const turns: string[] = [];
  for (let i = 0; i < order.length;) {
    let end = i;
    while (order[end] === order[i] && end - i < 64) end += 1;
    turns.push(`${order[i]}${end - i}`);
    i = end;
  }
  assert.equal(turns, ['a64', 'b64', 'a64', 'b64', 'a64', 'b64', 'a8', 'b8']);
});

test('the end of a turn comes once, after its last message', () => {
  const kit = newKit({ limits: { turnMessages: 3 } });
  const seen: string[] = [];
  const ref = kit.system.spawn<Count>('a', () => ({
    receive: () => seen.push('message'),
    turnEnded: () => seen.push('end'),
  }));
  for (let i = 0; i < 5; i += 1) kit.system.send(ref, { kind: 'count' });
  kit.settle();
  assert.equal(seen, ['message', 'message', 'message', 'end', 'message', 'message', 'end']);
});

test('an actor that failed or was stopped in its turn hears nothing of its end', () => {
  const kit = newKit();
  let ends = 0;
  const turnEnded = (): void => {
    ends += 1;
  };
  const stops = kit.system.spawn<Count>('a', () => ({
    receive: (_message, context) => context.stop(),
    turnEnded,
  }));
  const fails = kit.system.spawn<Count>('b', () => ({
    receive: () => {
      throw new Error('as it should');
    },
    turnEnded,
  }));
  for (const ref of [stops, fails]) kit.system.send(ref, { kind: 'count' });
  kit.settle();
  assert.is(ends, 0);
});

test('a failure at the end of a turn is a failure of the actor', () => {
  const kit = newKit();
  const ref = kit.system.spawn<Count>('a', () => ({
    receive: () => undefined,
    turnEnded: () => {
      throw new Error('as it should');
    },
  }));
  kit.system.send(ref, { kind: 'count' });
  kit.settle();
  assert.equal(
    kit.notes.filter(({ event }) => event === 'actor.failed').map(({ id }) => id),
    ['a'],
  );
});

test('data is not starved by an actor that keeps its own control lane busy', () => {
  const kit = newKit({ limits: { drainMessages: 1000 } });
  let control = 0;
  let controlAtData = -1;
  const ref = kit.system.spawn<Count & { readonly data: boolean }>(
    'a',
    actorOf((message, context) => {
      if (message.data) controlAtData = control;
      else context.send(context.self, message, 'control');
      control += 1;
    }),
  );
  kit.system.send(ref, { kind: 'count', data: false }, 'control');
  kit.system.send(ref, { kind: 'count', data: true });
  kit.settle();
  assert.is(controlAtData, 16);
});

test('a drain ends after its count of messages although simulated time stands still', () => {
  const kit = newKit({ limits: { drainMessages: 1000 } });
  let handled = 0;
  const ref = kit.system.spawn<Count>(
    'a',
    actorOf((message, context) => {
      handled += 1;
      context.send(context.self, message);
    }),
  );
  kit.system.send(ref, { kind: 'count' });
  kit.loop.step();
  assert.ok(handled >= 1000 && handled < 1064, `${handled}`);
  assert.is(kit.flushes(), 1);
  kit.loop.step();
  assert.ok(handled >= 2000, 'it goes on in the next round');
});

/** A clock whose time moves by one millisecond per message, and whose deferred callbacks run by hand. */
class StepClock implements Clock {
  ms = 0;
  readonly deferred: (() => void)[] = [];

  now(): number {
    return this.ms;
  }
  wallTime(): number {
    return this.ms;
  }
  setTimer(): { cancel(): void } {
    throw new Error('not used');
  }
  defer(callback: () => void): void {
    this.deferred.push(callback);
  }
  round(): void {
    for (const callback of this.deferred.splice(0)) callback();
  }
}

test('a drain yields when its time is over, and flushes each time', () => {
  const clock = new StepClock();
  let flushes = 0;
  const network = { send: () => 'gone' as const, flush: () => void (flushes += 1) };
  const scheduler = new Scheduler(clock, network, kernelLimits({ drainMs: 5 }));
  let left = 100;
  const task: Task = {
    queued: false,
    turn: (max) => {
      const count = Math.min(left, max, 16);
      left -= count;
      clock.ms += count;
      return count;
    },
    hasWork: () => left > 0,
  };
  scheduler.enqueue(task);
  scheduler.enqueue(task);
  assert.is(clock.deferred.length, 1, 'a task is queued once');
  clock.round();
  assert.is(left, 84, 'the time was up after the first turn');
  assert.is(clock.deferred.length, 1);
  while (clock.deferred.length > 0) clock.round();
  assert.is(left, 0);
  assert.is(flushes, 7);
  assert.not(task.queued);
});

test('a throwing port does not leave the queue asleep', () => {
  const clock = new StepClock();
  const scheduler = new Scheduler(clock, { send: () => 'gone', flush: () => undefined }, kernelLimits());
  let runs = 0;
  const task: Task = {
    queued: false,
    turn: () => {
      runs += 1;
      if (runs === 1) throw new Error('a port broke');
      return 1;
    },
    hasWork: () => runs < 3,
  };
  scheduler.enqueue(task);
  assert.throws(() => clock.round(), /a port broke/);
  clock.round();
  assert.is(runs, 3);
});

test('limits that contradict each other are refused', () => {
  assert.throws(() => kernelLimits({ turnMessages: 0 }), /count/);
  assert.throws(() => kernelLimits({ turnMessages: 10, drainMessages: 5 }), /fit/);
  assert.throws(() => kernelLimits({ drainMs: 0 }), /positive/);
  const restart = { firstDelayMs: 10, maxDelayMs: 5, budget: 1, windowMs: 1 };
  assert.throws(() => kernelLimits({ restart }), /firstDelayMs/);
});

test.run();
