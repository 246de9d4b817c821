import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EventHeap } from '../../sim/ports/event-heap.ts';
import { SimClock } from '../../sim/ports/sim-clock.ts';
import { SimLoop } from '../../sim/ports/sim-loop.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { clockConformance } from './clock-conformance.ts';
import type { ClockBench } from './clock-conformance.ts';
import { randomConformance } from './random-conformance.ts';

function openSimBench(ties: 'seeded' | 'fifo', driftPpm: number): () => Promise<ClockBench> {
  let seed = 0;
  return () => {
    seed += 1;
    const loop = new SimLoop({ seed, ties });
    const clock = new SimClock(loop, 'n1', { driftPpm });
    return Promise.resolve({
      clock,
      until: (done) => {
        for (let i = 0; i < 100_000 && !done(); i += 1) loop.step();
        return done() ? Promise.resolve() : Promise.reject(new Error('the deadline passed'));
      },
      block: (ms) => clock.stall(ms),
      input: (callback) => clock.inputAt(loop.nowMicros + 100, callback),
      close: () => Promise.resolve(),
    });
  };
}

clockConformance('the simulated clock', openSimBench('fifo', 0));
clockConformance('the simulated clock, seeded ties and a fast rate', openSimBench('seeded', 300));
clockConformance('the simulated clock, seeded ties and a slow rate', openSimBench('seeded', -450_000));
randomConformance('the simulated random source', () => new SimRandom('conformance'));

test('the heap gives out what a sorted list would, with cancelled events left out', () => {
  const random = new SimRandom('heap');
  interface Item {
    cancelled: boolean;
    readonly time: number;
    readonly rank: number;
  }
  const heap = new EventHeap<Item>();
  let model: Item[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    const action = random.next();
    if (action < (i % 6000 < 4000 ? 0.7 : 0.1)) {
      const item = { cancelled: false, time: random.below(500), rank: i };
      heap.push(item, item.time, item.rank);
      model.push(item);
    } else if (action < 0.9 && model.length > 0) {
      const item = random.pick(model);
      heap.cancel(item);
      model = model.filter((other) => other !== item);
    } else {
      let least: Item | undefined;
      for (const item of model) {
        const less = least === undefined || item.time - least.time || item.rank - least.rank;
        if (less === true || (typeof less === 'number' && less < 0)) least = item;
      }
      assert.is(heap.nextTime(), least?.time);
      assert.is(heap.pop(), least);
      model = model.filter((other) => other !== least);
    }
    assert.is(heap.size, model.length);
  }
});

test('events run in the order of time, and time moves only with them', () => {
  const loop = new SimLoop({ seed: 1 });
  const seen: number[] = [];
  for (const time of [30, 10, 20, 10]) loop.at(time, () => seen.push(loop.nowMicros));
  assert.is(loop.run(20), 3);
  assert.equal(seen, [10, 10, 20]);
  assert.is(loop.nowMicros, 20);
  loop.at(5, () => seen.push(loop.nowMicros));
  assert.ok(loop.step());
  assert.is(seen[3], 20, 'a time that has passed means now');
  loop.run(100);
  assert.is(loop.nowMicros, 100);
  assert.not(loop.step());
  assert.throws(() => loop.at(1.5, () => undefined), /whole/);
});

test('ties run in the order of scheduling or in a seeded one, as the seed decides', () => {
  const order = (seed: number, ties?: 'seeded' | 'fifo'): string => {
    const loop = new SimLoop({ seed, ...(ties && { ties }) });
    const seen: number[] = [];
    for (let i = 0; i < 20; i += 1) loop.at(10, () => seen.push(i));
    loop.run(10);
    return seen.join(' ');
  };
  const sorted = Array.from({ length: 20 }, (_, i) => i).join(' ');
  assert.is(order(1, 'fifo'), sorted);
  assert.is.not(order(1, 'seeded'), sorted);
  assert.is(order(1, 'seeded'), order(1, 'seeded'));
  const modes = Array.from({ length: 200 }, (_, seed) => new SimLoop({ seed }).ties);
  const seeded = modes.filter((mode) => mode === 'seeded').length;
  assert.ok(seeded > 60 && seeded < 140, `${seeded}`);
});

test('an event budget ends a run that never comes to rest', () => {
  const loop = new SimLoop({ seed: 1 });
  const again = (): void => void loop.after(1, again);
  again();
  assert.throws(() => loop.run(1_000_000, 500), /more than 500 events/);
});

test('each clock has its own rate and wall time', () => {
  const loop = new SimLoop({ seed: 1 });
  const exact = new SimClock(loop, 'exact');
  const fast = new SimClock(loop, 'fast', { driftPpm: 1000, wallOffsetMs: 5000 });
  loop.run(10_000_000);
  assert.is(exact.now(), 10_000);
  assert.is(fast.now(), 10_010);
  assert.is(fast.wallTime() - exact.wallTime(), 5010);
  fast.stepWall(-60_000);
  assert.is(fast.wallTime() - exact.wallTime(), -54_990);
  assert.is(fast.now(), 10_010);
  fast.setDrift(-1000);
  loop.run(20_000_000);
  assert.is(fast.now(), 20_000);
  let dueAt = 0;
  fast.setTimer(1000, () => (dueAt = loop.nowMicros));
  loop.run(30_000_000);
  assert.ok(dueAt > 21_000_000, 'a slow clock fires late in true time');
});

test('a paused node runs nothing until it is resumed, and then inputs in their order before its timers', () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const loop = new SimLoop({ seed });
    const clock = new SimClock(loop, 'n1');
    const order: string[] = [];
    clock.setTimer(100, () => order.push('timer'));
    for (let i = 0; i < 5; i += 1) clock.inputAt(200_000 + i, () => order.push(`input ${i}`));
    clock.pause();
    clock.stall(10);
    loop.run(1_000_000);
    assert.equal(order, []);
    clock.resume();
    clock.pause();
    loop.run(1_100_000);
    assert.equal(order, [], 'paused again before it woke');
    clock.resume();
    assert.equal(order, [], 'resuming runs nothing itself');
    loop.run(1_200_000);
    assert.equal(order, ['input 0', 'input 1', 'input 2', 'input 3', 'input 4', 'timer']);
  }
});

test('without the late-tick rule a stalled node shows the raw order: timers before sockets', () => {
  const loop = new SimLoop({ seed: 1 });
  const clock = new SimClock(loop, 'n1', { lateTickRule: false });
  const order: string[] = [];
  clock.inputAt(1000, () => clock.defer(() => order.push('input')));
  clock.setTimer(5, () => order.push('timer'));
  clock.stall(1200);
  loop.run(2_000_000);
  assert.equal(order, ['timer', 'input']);
});

test('a node that stalls while it wakes keeps the rest for the next time', () => {
  const loop = new SimLoop({ seed: 1 });
  const clock = new SimClock(loop, 'n1');
  const seen: string[] = [];
  const note = (text: string): void => void seen.push(`${text} at ${loop.nowMicros}`);
  clock.inputAt(10, () => {
    note('first');
    clock.stall(100);
  });
  clock.inputAt(11, () => note('second'));
  clock.stall(50);
  loop.run(1_000_000);
  assert.equal(seen, ['first at 50000', 'second at 150000']);
});

test('nothing of a crashed process runs, held or scheduled, and its clock stays dead', () => {
  const loop = new SimLoop({ seed: 1 });
  const clock = new SimClock(loop, 'n1', { wallOffsetMs: 1000 });
  const seen: string[] = [];
  const noteOn = (target: SimClock, text: string): void => {
    target.setTimer(10, () => seen.push(`${text} timer`));
    target.inputAt(loop.nowMicros + 10, () => seen.push(`${text} input`));
    target.defer(() => seen.push(`${text} deferred`));
  };
  noteOn(clock, 'held');
  clock.pause();
  loop.run(50_000);
  noteOn(clock, 'scheduled');
  assert.throws(() => clock.reboot(), /not crashed/);
  clock.crash();
  clock.resume();
  noteOn(clock, 'zombie');
  loop.run(1_000_000);
  assert.equal(seen, []);
  const next = clock.reboot();
  assert.is(next.now(), 0);
  assert.is(next.wallTime(), clock.wallTime());
  noteOn(next, 'next');
  loop.run(2_000_000);
  assert.is(seen.length, 3);
});

test('a fork depends on the seed and its name, not on what was drawn before', () => {
  const draw = (random: SimRandom): number[] => Array.from({ length: 8 }, () => random.uint32());
  const drawn = new SimRandom(42);
  draw(drawn);
  const fork = draw(drawn.fork('network'));
  assert.equal(fork, draw(new SimRandom(42).fork('network')));
  assert.not.equal(fork, draw(new SimRandom(42).fork('disk')));
  assert.not.equal(fork, draw(new SimRandom(43).fork('network')));
  assert.not.equal(draw(new SimRandom(42).fork('a')), draw(new SimRandom(42)));
});

test('the helpers stay within their bounds and reach them', () => {
  const random = new SimRandom('helpers');
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i += 1) seen.add(random.between(-2, 2));
  assert.equal(
    [...seen].toSorted((a, b) => a - b),
    [-2, -1, 0, 1, 2],
  );
  assert.equal(
    random.shuffle([1, 2, 3, 4, 5]).toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5],
  );
  assert.throws(() => random.below(0), /nothing/);
  assert.throws(() => random.pick([]), /nothing/);
});

test.run();
