import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Turns } from '../../../src/doors/http/turns.ts';
import { RealClock } from '../../../src/node/ports/real-clock.ts';

/** Turns of the loop as the test has them. */
class Scene {
  readonly done: string[] = [];
  readonly turns: Turns;
  #deferred: (() => void)[] = [];

  constructor() {
    const defer = (callback: () => void): void => void this.#deferred.push(callback);
    this.turns = new Turns(Object.assign(new RealClock(), { defer }));
  }

  take(owner: string, line: object, what: string): void {
    const dear = what.startsWith('dear');
    this.turns.take({ owner, line, dear }, () => void this.done.push(what));
  }

  /** What one turn does. */
  turn(): readonly string[] {
    const before = this.done.length;
    for (const callback of this.#deferred.splice(0)) callback();
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
});

test.run();
