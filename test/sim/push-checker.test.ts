import { test } from 'uvu';
import { PushCursors } from '../../sim/checkers/push-cursors.ts';
import { PushChecker, type PushSubscription } from '../../sim/checkers/pushes.ts';
import type { TakeId } from '../../src/partition/index.ts';
import { judge } from './histories.ts';

const value = (at: number): Uint8Array => new Uint8Array([at]);
const values = (from: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => value(from + i));

/** The checker beside a log of ten records, of which eight were acknowledged to their producers. */
class Bench {
  readonly cursors: PushCursors;
  readonly checker: PushChecker;

  constructor(report: (text: string) => void) {
    this.cursors = new PushCursors({
      nowMicros: () => 0,
      onNoted: () => undefined,
      onAgain: () => undefined,
      report,
    });
    const facts = {
      valueAt: (_group: number, offset: number) => (offset < 10 ? value(offset) : undefined),
      ackedEnd: () => 8,
    };
    this.checker = new PushChecker(facts, this.cursors, report);
  }

  /** A session attaches, in the log, and asks for its subscription. */
  attach(session: number, reset = false, start = 0): PushSubscription {
    const on = this.checker.asked({ group: 1, consumer: 'c', session, reset });
    this.cursors.apply(1, { kind: 'attach', attach: { consumer: 'c', session, start, reset } }, 10);
    return on;
  }

  subscribe(session: number, offset: number): PushSubscription {
    const on = this.attach(session);
    this.checker.subscribed(on, offset, 10, 0);
    return on;
  }

  /** An ack that the log carries out. */
  ack(on: PushSubscription, upTo: number): void {
    this.checker.tries(on, upTo);
    const { session } = on;
    this.cursors.apply(1, { kind: 'advances', advances: [{ consumer: 'c', session, upTo }] }, 10);
    this.checker.acked(on, upTo, this.cursors.cursor(1, 'c'));
  }
}

judge('push', {
  make: (report) => new Bench(report),
  good: {
    'records in order, from the cursor on': (bench) => {
      const on = bench.subscribe(1, 0);
      bench.checker.delivered(on, 0, values(0, 4));
      bench.checker.delivered(on, 4, values(4, 6));
      bench.ack(on, 6);
      bench.checker.delivered(bench.subscribe(1, 6), 6, values(6, 4));
    },
    'a first chunk that begins below the cursor': (bench) => {
      const on = bench.subscribe(1, 0);
      bench.ack(on, 3);
      bench.checker.delivered(bench.subscribe(2, 3), 2, values(2, 4));
    },
    'records above the cursor once more, after a new session has taken over': (bench) => {
      const on = bench.subscribe(1, 0);
      bench.checker.delivered(on, 0, values(0, 10));
      bench.ack(on, 2);
      bench.checker.delivered(bench.subscribe(2, 2), 2, values(2, 8));
    },
    'a cursor that its owner moved back': (bench) => {
      bench.ack(bench.subscribe(1, 0), 6);
      const on = bench.attach(1, true, 2);
      bench.checker.subscribed(on, 2, 10, 0);
    },
  },
  bad: {
    'a record that was skipped': [
      /was sent 5 to 6 of group 1 instead of 4/,
      (bench) => {
        const on = bench.subscribe(1, 0);
        bench.checker.delivered(on, 0, values(0, 4));
        bench.checker.delivered(on, 5, values(5, 1));
      },
    ],
    'a record that came twice': [
      /was sent 2 to 4 of group 1 instead of 4/,
      (bench) => {
        const on = bench.subscribe(1, 0);
        bench.checker.delivered(on, 0, values(0, 4));
        bench.checker.delivered(on, 2, values(2, 2));
      },
    ],
    'a record that nobody has committed': [
      /offset 10 of group 1, which nobody has committed/,
      (bench) => bench.checker.delivered(bench.subscribe(1, 0), 0, values(0, 11)),
    ],
    'a value that is another': [
      /another value at offset 1/,
      (bench) => bench.checker.delivered(bench.subscribe(1, 0), 0, [value(0), value(9)]),
    ],
    'a cursor that was forgotten': [
      /begins at 0, below the cursor 6/,
      (bench) => {
        bench.ack(bench.subscribe(1, 0), 6);
        bench.checker.subscribed(bench.attach(1), 0, 10, 0);
      },
    ],
    'a cursor that nobody moved there': [
      /begins at 5, nobody acknowledged more than 0/,
      (bench) => {
        const on = bench.attach(1, false, 5);
        bench.checker.subscribed(on, 5, 10, 0);
      },
    ],
    'an ack of a session that was fenced before': [
      /session 1 of c was told that 4 of group 1 is acknowledged/,
      (bench) => {
        const on = bench.subscribe(1, 0);
        bench.subscribe(2, 0);
        bench.ack(on, 4);
      },
    ],
    'an end below what was acknowledged': [
      /was told the end 7, 8 was acknowledged before/,
      (bench) => bench.checker.subscribed(bench.attach(1), 0, 7, 0),
    ],
    'an ack beyond the log': [
      /acknowledges 11 in group 1, which ends at 10/,
      (bench) => bench.ack(bench.subscribe(1, 0), 11),
    ],
  },
});

const by = (call: number): TakeId => ({ node: 'n', start: 1, call });

/** What the log says of takes, compared with what a test says of them. */
class Log {
  readonly #cursors: PushCursors;
  readonly #report: (text: string) => void;

  constructor(report: (text: string) => void) {
    this.#report = report;
    this.#cursors = new PushCursors({
      nowMicros: () => 7,
      onNoted: () => undefined,
      onAgain: () => undefined,
      report,
    });
  }

  take(from: number, calls: readonly number[], again: readonly number[] = []): void {
    const take = { consumer: 'c', from, again, takes: calls.map(by), noted: [] };
    this.#cursors.apply(1, { kind: 'take', take }, 5);
  }

  settle(noted: readonly number[], returned: readonly number[]): void {
    const settlement = { consumer: 'c', noted: noted.map(by), returned: returned.map(by) };
    this.#cursors.apply(1, { kind: 'settlements', settlements: [settlement] }, 5);
  }

  attach(): void {
    const attach = { consumer: 'c', session: 1, start: 0, reset: false };
    this.#cursors.apply(1, { kind: 'attach', attach }, 5);
  }

  /** Cursor, read position, and open takes: as the log has them. */
  is(expected: string): void {
    const open = [...this.#cursors.open(1, 'c')].map(
      ([offset, { call, returnedMicros }]) =>
        `${offset}:${call}${returnedMicros === undefined ? '' : ' back'}`,
    );
    const state = [this.#cursors.cursor(1, 'c'), this.#cursors.position(1, 'c'), ...open].join(' ');
    if (state !== expected) this.#report(`the log says ${state}`);
  }
}

judge('log of takes', {
  make: (report) => new Log(report),
  good: {
    'takes that are noted': (log) => {
      log.take(0, [1, 2]);
      log.is('0 2 0:1 1:2');
      log.settle([1], []);
      log.is('1 2 1:2');
    },
    'a take that comes back, goes first, and to another call': (log) => {
      log.take(0, [1]);
      log.settle([], [1]);
      log.is('0 1 0:1 back');
      log.take(1, [2]);
      log.is('0 1 0:1 back');
      log.take(1, [2], [0]);
      log.settle([1], []);
      log.is('0 1 0:2');
    },
    'a session that takes over what is open': (log) => {
      log.take(0, [1, 2]);
      log.settle([1], []);
      log.attach();
      log.is('1 1');
    },
  },
  bad: {
    'a take beyond the end': [/moved to 6, the log ends at 5/, (log) => log.take(0, [1, 2, 3, 4, 5, 6])],
    'a note that another call said': [
      /the log says 0 1 0:1/,
      (log) => {
        log.take(0, [1]);
        log.settle([2], []);
        log.is('1 1');
      },
    ],
    'a newer record before one that came back': [
      /the log says 0 1 0:1 back/,
      (log) => {
        log.take(0, [1]);
        log.settle([], [1]);
        log.take(1, [2]);
        log.is('0 2 0:1 back 1:2');
      },
    ],
  },
});

test.run();
