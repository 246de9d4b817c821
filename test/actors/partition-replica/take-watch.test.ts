// How a leader finds out what became of takes: S11 where a gateway, its node or the link to it is gone.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, logIndex } from '@callboard/client/protocol';
import { TakeSettles } from '../../../src/actors/partition-replica/take-settles.ts';
import { TakeWatch, type WatchHost } from '../../../src/actors/partition-replica/take-watch.ts';
import type { SendResult } from '../../../src/kernel/index.ts';
import { CursorTable } from '../../../src/partition/cursors.ts';
import type { Settlement, TakeId } from '../../../src/partition/index.ts';

const test = suite('partition-replica/take-watch (S11)');
const limits = { settledTakes: 3, takeCheckMs: 1_000, takeDoubtMs: 2_000 };

interface Question {
  readonly to: string;
  readonly id: number;
  readonly node: string;
  readonly calls: readonly number[];
}

/** A leader of which the test plays the log, the links and the gateways. */
class Leader {
  readonly cursors: CursorTable = new CursorTable({
    cursorsPerPartition: 10,
    statusConsumers: 1,
    openTakesPerConsumer: 100,
    openTakesPerPartition: 100,
  });
  readonly reach: Map<string, SendResult> = new Map();
  readonly watch: TakeWatch;
  readonly settles: TakeSettles;
  refuse = false;
  undoubted = 0;
  nowMs = 0;
  #index = 0;
  #tickMs = Infinity;
  #questions: Question[] = [];
  #proposed: { readonly index: number; readonly settlements: readonly Settlement[] }[] = [];

  constructor() {
    this.settles = new TakeSettles({
      mostTakes: limits.settledTakes,
      propose: (settlements) => {
        if (this.refuse) return { error: failure('overloaded') };
        this.#index += 1;
        this.#proposed.push({ index: this.#index, settlements });
        return { index: logIndex(this.#index) };
      },
    });
    const host: WatchHost = {
      node: 'leader',
      limits,
      open: () => this.cursors.openTakes.all(),
      applied: () => this.#index,
      now: () => this.nowMs,
      random: () => 0,
      tickAfter: (ms) => (this.#tickMs = this.nowMs + ms),
      send: (to, { id, node, takes }) => {
        const result = this.reach.get(to) ?? 'accepted';
        if (result === 'accepted') {
          this.#questions.push({ to, id, node, calls: takes.map(({ call }) => call) });
        }
        return result;
      },
      undoubted: () => (this.undoubted += 1),
    };
    this.watch = new TakeWatch(host, this.settles);
  }

  take(node: string, calls: readonly number[], consumer = 'c'): void {
    this.#index += 1;
    const takes = calls.map((call) => ({ node, start: 1, call }));
    const from = this.cursors.position(consumer);
    this.cursors.take({ consumer, from, again: [], takes, noted: [] }, 1_000, this.#index);
    this.watch.stir();
  }

  note(node: string, call: number): void {
    const noted: TakeId[] = [{ node, start: 1, call }];
    this.cursors.settle({ consumer: 'c', noted, returned: [] });
  }

  /** Takes out what was asked since the last time. */
  questions(): readonly Question[] {
    const questions = this.#questions;
    this.#questions = [];
    return questions;
  }

  asked(): string {
    return this.questions()
      .map(({ to, node, calls }) => `${to}${to === node ? '' : ` of ${node}`}: ${calls.join()}`)
      .join(' | ');
  }

  one(): Question {
    const [question, ...more] = this.questions();
    if (question === undefined || more.length > 0) throw new Error('expected one question');
    return question;
  }

  /** The gateway answers: `h`anded, `r`eturned, `b`usy. */
  answer({ id }: Question, states: string): void {
    const places = (state: string): number[] =>
      [...states].flatMap((each, place) => (each === state ? [place] : []));
    this.watch.answered({ kind: 'takes-checked', id, handed: places('h'), returned: places('r') });
  }

  /** Applies everything that was proposed. */
  commit(): void {
    for (let next = this.#proposed.shift(); next !== undefined; next = this.#proposed.shift()) {
      for (const settlement of next.settlements) this.cursors.settle(settlement);
      this.settles.applied(logIndex(next.index));
    }
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.#tickMs <= untilMs) {
      this.nowMs = this.#tickMs;
      this.#tickMs = Infinity;
      this.watch.ticked();
    }
    this.nowMs = untilMs;
  }

  doubts(consumer = 'c'): boolean {
    return this.watch.doubts(this.cursors.openTakes.of(consumer));
  }

  open(consumer = 'c'): string {
    const takes = this.cursors.openTakes.of(consumer);
    return takes.map(({ call, returned }) => `${call}${returned ? ' back' : ''}`).join();
  }
}

test('a new leader asks for all that is open, and holds newer records back until it is answered and settled', () => {
  const leader = new Leader();
  leader.take('a', [1, 2, 3]);
  leader.take('b', [4]);
  leader.watch.began();
  const [ofA, ofB] = leader.questions();
  assert.equal([ofA?.calls, ofB?.calls], [[1, 2, 3], [4]]);
  assert.ok(leader.doubts());
  leader.answer(ofA as Question, 'bhr');
  leader.answer(ofB as Question, 'b');
  assert.ok(leader.doubts(), 'what is to be given again is not applied yet');
  leader.commit();
  assert.not.ok(leader.doubts());
  assert.is(leader.open(), '1,3 back,4');
  assert.ok(leader.undoubted > 0);
});

test('a gateway that cannot be reached holds newer records back for a while, and its takes for as long as it takes', () => {
  const leader = new Leader();
  leader.reach.set('a', 'gone');
  leader.take('a', [1]);
  leader.watch.began();
  assert.is(leader.asked(), 'leader of a: 1', 'the local gateway may know that its broker was removed');
  assert.ok(leader.doubts());
  leader.pass(limits.takeDoubtMs + 300);
  assert.not.ok(leader.doubts());
  leader.pass(600_000);
  assert.is(leader.open(), '1');
  leader.questions();
  leader.reach.clear();
  leader.watch.link('a', true);
  leader.answer(leader.one(), 'r');
  leader.commit();
  assert.is(leader.open(), '1 back');
});

test('a removed broker that cannot be reached has lost its takes', () => {
  const leader = new Leader();
  leader.reach.set('a', 'gone');
  leader.take('a', [1, 2]);
  leader.watch.began();
  const question = leader.one();
  assert.equal([question.to, question.node], ['leader', 'a']);
  leader.answer(question, 'rr');
  leader.commit();
  assert.is(leader.open(), '1 back,2 back');
  assert.not.ok(leader.doubts());
});

test('a broken link makes doubt, which the answer after its return ends, and not one from before', () => {
  const leader = new Leader();
  leader.watch.began();
  leader.take('a', [1]);
  assert.not.ok(leader.doubts());
  leader.watch.link('a', true);
  const before = leader.one();
  leader.watch.link('a', false);
  assert.ok(leader.doubts());
  leader.answer(before, 'b');
  assert.ok(leader.doubts());
  leader.watch.link('a', true);
  leader.answer(leader.one(), 'b');
  assert.not.ok(leader.doubts());
  assert.is(leader.open(), '1');
});

test('what is open for longer than a note takes is asked for, again and again, and what is new is not', () => {
  const leader = new Leader();
  leader.watch.began();
  leader.take('a', [1]);
  leader.take('a', [2]);
  leader.note('a', 1);
  leader.pass(limits.takeCheckMs);
  assert.is(leader.asked(), '', 'they came since the last look');
  leader.take('b', [3]);
  leader.pass(limits.takeCheckMs);
  assert.is(leader.asked(), 'a: 2');
  leader.pass(limits.takeCheckMs);
  assert.is(leader.asked(), 'a: 2 | b: 3');
});

test('it has nothing to do once nothing is open', () => {
  const leader = new Leader();
  leader.watch.began();
  leader.take('a', [1]);
  leader.note('a', 1);
  leader.pass(10_000);
  assert.is(leader.asked(), '');
  leader.take('a', [2]);
  leader.pass(3 * limits.takeCheckMs);
  assert.not.equal(leader.asked(), '');
});

test('many takes are asked for in parts, and the doubt ends with the last of them', () => {
  const leader = new Leader();
  leader.take('a', [1, 2, 3, 4]);
  leader.watch.began();
  const [first, second] = leader.questions();
  assert.equal([first?.calls, second?.calls], [[1, 2, 3], [4]]);
  leader.answer(first as Question, 'bbb');
  assert.ok(leader.doubts());
  leader.answer(second as Question, 'b');
  assert.not.ok(leader.doubts());
});

test('a check tells once everything is settled, and names whom it could not ask', () => {
  const leader = new Leader();
  leader.watch.began();
  leader.take('a', [1]);
  leader.take('b', [2]);
  const told: (string | undefined)[] = [];
  const check = (): void =>
    leader.watch.check('c', leader.cursors.openTakes.of('c'), (node) => told.push(node));
  check();
  const [ofA, ofB] = leader.questions();
  leader.answer(ofA as Question, 'r');
  leader.answer(ofB as Question, 'b');
  assert.equal(told, [], 'the return is not applied yet');
  leader.commit();
  assert.equal(told, [undefined]);

  leader.reach.set('b', 'gone');
  check();
  leader.answer(leader.one(), 'b');
  assert.equal(told, [undefined, 'b'], 'nothing is asked of what is to be given again');

  leader.reach.clear();
  check();
  leader.pass(limits.takeCheckMs + 300);
  assert.equal(told, [undefined, 'b', 'b'], 'no answer in time');

  check();
  leader.watch.link('b', false);
  assert.equal(told.length, 4, 'nobody will answer');
});

test('a return that cannot be committed now is no knowledge', () => {
  const leader = new Leader();
  leader.watch.began();
  leader.take('a', [1]);
  leader.refuse = true;
  const told: (string | undefined)[] = [];
  leader.watch.check('c', leader.cursors.openTakes.of('c'), (node) => told.push(node));
  leader.answer(leader.one(), 'r');
  assert.equal(told, ['a']);
});

test('a follower asks nobody, and answers to an earlier leadership are nothing', () => {
  const leader = new Leader();
  leader.take('a', [1]);
  leader.watch.began();
  const question = leader.one();
  leader.watch.abandon();
  leader.answer(question, 'r');
  leader.commit();
  assert.is(leader.open(), '1');
  leader.watch.link('a', true);
  leader.pass(10_000);
  assert.is(leader.asked(), '');
});

test('words that come during a round go with the next one, as many together as a command takes', () => {
  const leader = new Leader();
  const told: string[] = [];
  const say = (name: string, calls: number): void => {
    const returned = Array.from({ length: calls }, (_, call) => ({ node: 'a', start: 1, call }));
    leader.settles.add([{ consumer: name, noted: [], returned }], (error) =>
      told.push(`${name} ${error === undefined ? 'settled' : `${error.code} ${error.outcome}`}`),
    );
  };
  say('first', 1);
  say('second', 2);
  say('third', 1);
  say('fourth', 1);
  leader.settles.applied(logIndex(1));
  assert.equal(told, ['first settled']);
  leader.settles.applied(logIndex(2));
  assert.equal(told, ['first settled', 'second settled', 'third settled']);
  say('fifth', 1);
  leader.settles.abandon();
  assert.equal(told.slice(3), ['fourth not_leader unknown', 'fifth not_leader not_applied']);
});

test.run();
