import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Turns } from '../../../src/doors/http/turns.ts';
import { RealClock } from '../../../src/node/ports/real-clock.ts';

/** Turns of the loop as the test has them. */
class Scene {
  readonly done: string[] = [];
  readonly turns: Turns;
  nowMs = 1_000;
  #deferred: (() => void)[] = [];
  readonly #timers: { readonly dueMs: number; readonly callback: () => void }[] = [];

  constructor() {
    const defer = (callback: () => void): void => void this.#deferred.push(callback);
    const setTimer = (delayMs: number, callback: () => void): { cancel(): void } => {
      this.#timers.push({ dueMs: this.nowMs + delayMs, callback });
      return { cancel: () => undefined };
    };
    this.turns = new Turns(Object.assign(new RealClock(), { defer, setTimer, now: () => this.nowMs }));
  }

  /** Dear work that takes so long. */
  takeLong(owner: string, ms: number, what: string): void {
    this.turns.take({ owner, line: {}, dear: true }, () => {
      this.nowMs += ms;
      this.done.push(what);
    });
  }

  take(owner: string, line: object, what: string): void {
    const dear = what.startsWith('dear');
    this.turns.take({ owner, line, dear }, () => void this.done.push(what));
  }

  /** What one turn does. */
  turn(): readonly string[] {
    const before = this.done.length;
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.nowMs);
    for (const timer of due) this.#timers.splice(this.#timers.indexOf(timer), 1);
    for (const callback of [...this.#deferred.splice(0), ...due.map((timer) => timer.callback)]) callback();
    return this.done.slice(before);
  }
}

test('dear work is done one piece per turn, and what is not dear at once', () => {
  const scene = new Scene();
  for (const what of ['dear 1', 'dear 2', 'cheap']) scene.take('a', {}, what);
  assert.equal(scene.done, ['cheap']);
  assert.equal([scene.turn(), scene.turn(), scene.turn()], [['dear 1'], ['dear 2'], []]);
  scene.take('a', {}, 'dear 3');
  assert.equal([scene.turn(), scene.turn()], [['dear 3'], []]);
});

test('a line keeps its order', () => {
  const scene = new Scene();
  const line = {};
  for (const what of ['dear 1', 'cheap 1', 'dear 2', 'cheap 2']) scene.take('a', line, what);
  assert.equal(scene.done, []);
  for (let turn = 0; turn < 4; turn += 1) scene.turn();
  assert.equal(scene.done, ['dear 1', 'cheap 1', 'dear 2', 'cheap 2']);
  scene.take('a', line, 'cheap 3');
  assert.is(scene.done.at(-1), 'cheap 3');
});

test('addresses take turns, however much one of them has', () => {
  const scene = new Scene();
  for (let n = 1; n <= 5; n += 1) scene.take('a', {}, `dear a${n}`);
  for (let n = 1; n <= 2; n += 1) scene.take('b', {}, `dear b${n}`);
  for (let turn = 0; turn < 7; turn += 1) assert.is(scene.turn().length, 1);
  assert.equal(scene.done, ['dear a1', 'dear b1', 'dear a2', 'dear b2', 'dear a3', 'dear a4', 'dear a5']);
});

test('after each piece there is as long a pause, also for what comes within it; what is not dear does not wait', () => {
  const scene = new Scene();
  for (const what of ['1', '2']) scene.takeLong('a', 20, what);
  assert.equal([scene.turn(), scene.turn()], [['1'], []]);
  scene.nowMs += 19;
  scene.take('b', {}, 'cheap');
  assert.equal([scene.turn(), scene.done.at(-1)], [[], 'cheap']);
  scene.nowMs += 1;
  assert.equal(scene.turn(), ['2']);
  scene.takeLong('a', 1, '3');
  assert.equal(scene.turn(), []);
  scene.nowMs += 20;
  assert.equal(scene.turn(), ['3']);
  scene.nowMs += 1_000;
  scene.takeLong('a', 1, '4');
  assert.equal(scene.turn(), ['4']);
});

test('work that is taken in the course of work, and work that fails, keep nobody from its turn', () => {
  const scene = new Scene();
  const fails = (): void => {
    scene.take('b', {}, 'dear 2');
    throw new Error('of the work');
  };
  scene.turns.take({ owner: 'a', line: {}, dear: true }, fails);
  scene.take('a', {}, 'dear 1');
  assert.throws(() => scene.turn(), /of the work/);
  assert.equal([scene.turn(), scene.turn(), scene.turn()], [['dear 1'], ['dear 2'], []]);
  const takesMore = (): void => scene.take('a', {}, 'dear 3');
  scene.turns.take({ owner: 'a', line: {}, dear: true }, takesMore);
  assert.equal([scene.turn(), scene.turn(), scene.turn()], [[], ['dear 3'], []]);
});

test.run();
