// When copies in memory may run, and what a node says of them, against a directory that hears late.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { groupId } from '@callboard/client/protocol';
import { MemoryCopies } from '../../../src/actors/manager/memory-copies.ts';
import type { CopiesLost, CopiesWord } from '../../../src/directory/index.ts';

const test = suite('memory copies');
const g = groupId;
const memoryLossMs = 1_000;

class Rig {
  readonly ran: string[] = [];
  readonly said: CopiesLost[] = [];
  readonly copies: MemoryCopies;
  #onItsWay = false;

  constructor(first = false, start = 7) {
    this.copies = new MemoryCopies({
      replica: 'r',
      start,
      first,
      limits: { memoryLossMs },
      run: (group) => void this.ran.push(`run ${String(group)}`),
      rerun: (group) => void this.ran.push(`rerun ${String(group)}`),
    });
  }

  here(...groups: readonly number[]): this {
    for (const group of groups) {
      this.copies.born(g(group));
      this.copies.placed(g(group));
    }
    return this;
  }

  /** What is said at this time: groups, or nothing. */
  tick(nowMs: number): readonly number[] | undefined {
    const { length } = this.said;
    this.copies.tick(nowMs, (command) => {
      this.said.push(command);
      this.#onItsWay = true;
      return () => this.#onItsWay;
    });
    return this.said.length === length ? undefined : this.said.at(-1)?.groups;
  }

  /** The directory has applied a word: the newest unless told. */
  applied(at = this.said.length - 1): this {
    this.#onItsWay = false;
    const { start = 0, turn = 0, groups = [] } = this.said[at] ?? {};
    this.copies.settle({ start, turn, groups: new Set(groups) });
    return this;
  }
}

test('of a new journal run at once; of an older one only after this start has said that none is lost', () => {
  const fresh = new Rig(true).here(1, 2);
  fresh.copies.settle(undefined);
  assert.equal(fresh.ran, ['run 1', 'run 2']);
  assert.is(fresh.tick(0), undefined);

  const again = new Rig().here(1);
  const older: CopiesWord = { start: 6, turn: 3, groups: new Set([g(1)]) };
  again.copies.settle(older);
  assert.equal(again.ran, []);
  assert.equal(again.tick(0), []);
  again.copies.settle(older);
  assert.equal(again.ran, []);
  again.applied();
  assert.equal(again.ran, ['run 1']);
  assert.is(again.tick(50), undefined);
});

test('run only where the directory still has them', () => {
  const { copies, ran } = new Rig(true);
  copies.born(g(1));
  copies.placed(g(2));
  copies.settle(undefined);
  assert.equal(ran, []);
  copies.born(g(2));
  copies.born(g(3));
  copies.placed(g(3));
  copies.gone(g(3));
  copies.settle(undefined);
  copies.settle(undefined);
  assert.equal(ran, ['run 2']);
});

test('a copy that gives up is named until its time is over, and runs again only when that is in force', () => {
  const rig = new Rig(true).here(1, 2);
  rig.copies.settle(undefined);
  rig.copies.givenUp(g(1), 100);
  rig.copies.givenUp(g(1), 900);
  assert.equal(rig.copies.lost, [g(1)]);
  assert.equal(rig.tick(150), [1]);
  assert.is(rig.tick(200), undefined, 'it is on its way');
  rig.applied();
  assert.is(rig.tick(3_000), undefined);
  assert.equal(rig.tick(3_150), []);
  assert.not(rig.ran.includes('rerun 1'), 'not before it is applied');
  rig.applied(0);
  assert.not(rig.ran.includes('rerun 1'), 'nor by an older word');
  rig.applied(1);
  assert.equal(rig.ran, ['run 1', 'run 2', 'rerun 1']);
  assert.equal(rig.copies.lost, []);
});

test('a word whose fate is not known is followed by a newer one that says all', () => {
  const rig = new Rig(true).here(1, 2);
  rig.copies.settle(undefined);
  rig.copies.givenUp(g(1), 0);
  assert.equal(rig.tick(0), [1]);
  rig.copies.givenUp(g(2), 10);
  // Its time is up, and nothing was applied.
  rig.applied(-1);
  assert.equal(rig.tick(5_000), [1, 2]);
  assert.equal(
    rig.said.map(({ turn }) => turn),
    [1, 2],
  );
});

test('a copy that was begun anew is forgotten, and said no more', () => {
  const rig = new Rig(true).here(1);
  rig.copies.settle(undefined);
  rig.copies.givenUp(g(1), 0);
  rig.tick(0);
  rig.copies.gone(g(1));
  rig.here(5).applied();
  assert.equal(rig.ran, ['run 1', 'run 5']);
  assert.equal(rig.tick(100), []);
  rig.copies.givenUp(g(1), 200);
  assert.equal(rig.copies.lost, [], 'an echo of it');
});

test.run();
