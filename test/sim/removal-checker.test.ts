import { test } from 'uvu';
import { RemovalChecker } from '../../sim/checkers/removals.ts';
import { judge } from './histories.ts';

/** Groups 1 and 2 are on a, b, c; who has journaled a death is said by `die`. */
class Room {
  readonly checker: RemovalChecker;
  readonly #died = new Map<number, Set<string>>();

  constructor(report: (text: string) => void) {
    const none: ReadonlySet<string> = new Set();
    this.checker = new RemovalChecker(
      { members: () => ['a', 'b', 'c'], diedOn: (group) => this.#died.get(group) ?? none },
      report,
    );
  }

  die(group: number, ...nodes: readonly string[]): void {
    this.#died.set(group, new Set([...(this.#died.get(group) ?? []), ...nodes]));
  }
}

judge('removal', {
  make: (report) => new Room(report),
  good: {
    'a removal that a majority has journaled, and a namesake': (room) => {
      room.checker.created('t', [1]);
      room.checker.served('produce', 1, 50, 'a');
      room.die(1, 'a', 'c');
      room.checker.removed('t', [1], 100);
      room.checker.created('t', [2]);
      room.checker.served('produce', 2, 150, 'b');
    },
    'a call that began before the removal was answered': (room) => {
      room.checker.created('t', [1]);
      room.die(1, 'a', 'b');
      room.checker.removed('t', [1], 100);
      room.checker.served('produce', 1, 100, 'c');
      room.checker.served('consume', 1, 99, 'c');
    },
    'a removal that was forced without nodes that are gone': (room) => {
      room.checker.created('t', [1]);
      room.die(1, 'a');
      room.checker.giveUp([1], ['b']);
      room.checker.gone('t', [1]);
      room.checker.removed('t', [1], 100);
    },
    'the same topic, seen twice': (room) => {
      room.checker.created('t', [1]);
      room.checker.created('t', [1]);
      room.checker.created('u', [2]);
    },
  },
  bad: {
    'a removal that one of three has journaled': [
      /was answered while group 1 had died only on b of a,b,c/,
      (room) => {
        room.die(1, 'b');
        room.checker.removed('t', [1], 100);
      },
    ],
    'a removal that ends before a majority has died': [
      /the removal of t ended while group 1 had died only on a of/,
      (room) => {
        room.checker.created('t', [1]);
        room.die(1, 'a');
        room.checker.gone('t', [1]);
      },
    ],
    'a removal of two groups of which one lives': [
      /group 2 had died only on no node/,
      (room) => {
        room.die(1, 'a', 'b', 'c');
        room.checker.removed('t', [1, 2], 100);
      },
    ],
    'a produce that began after the removal was answered': [
      /c served a produce from group 1/,
      (room) => {
        room.die(1, 'a', 'b');
        room.checker.removed('t', [1], 100);
        room.checker.served('produce', 1, 101, 'c');
      },
    ],
    'a name that is used again while its first topic lives': [
      /the name t was given to groups 2 while group 1/,
      (room) => {
        room.checker.created('t', [1]);
        room.checker.created('t', [2]);
      },
    ],
    'a name that is given away while its topic lives': [
      /the name t was free while group 1/,
      (room) => {
        room.checker.created('t', [1]);
        room.die(1, 'a');
        room.checker.free('t');
      },
    ],
    'a removal that was forced without too few': [
      /had died only on b of/,
      (room) => {
        room.checker.created('t', [1]);
        room.checker.giveUp([1], ['b']);
        room.checker.removed('t', [1], 100);
      },
    ],
  },
});

test.run();
