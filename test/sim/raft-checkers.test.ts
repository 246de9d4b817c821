import { test } from 'uvu';
import { DurabilityChecker } from '../../sim/checkers/durability.ts';
import { ElectionChecker } from '../../sim/checkers/elections.ts';
import { LogMatchingChecker } from '../../sim/checkers/log-matching.ts';
import type { SeenEntry } from '../../sim/checkers/log-matching.ts';
import { ProposalChecker } from '../../sim/checkers/proposals.ts';
import { Promises } from '../../sim/checkers/promises.ts';
import type { StoredEntry, WrittenPart } from '../../sim/checkers/promises.ts';
import { StateChecker } from '../../sim/checkers/states.ts';
import { judge } from './histories.ts';

judge('election', {
  make: (report) => new ElectionChecker(report),
  good: {
    'one leader per term': (checker) => {
      checker.leader(1, 1, 'a');
      checker.leader(1, 2, 'b');
      checker.leader(2, 1, 'b');
    },
    'the same vote twice': (checker) => {
      checker.vote(1, 3, 'a', 'b');
      checker.vote(1, 3, 'a', 'b');
      checker.vote(1, 4, 'a', 'c');
    },
    'a paused leader that lacks what a newer one committed': (checker) =>
      checker.complete(1, 2, 'a', 3, false),
  },
  bad: {
    'two leaders in one term': [
      /two leaders in term 1/,
      (checker) => {
        checker.leader(1, 1, 'a');
        checker.leader(1, 1, 'b');
      },
    ],
    'two votes in one term': [
      /voted twice in term 3/,
      (checker) => {
        checker.vote(1, 3, 'a', 'b');
        checker.vote(1, 3, 'a', 'c');
      },
    ],
    'a leader without a committed entry': [
      /without an entry that was committed in term 1/,
      (checker) => checker.complete(1, 2, 'a', 1, false),
    ],
  },
});

/** Committed: index 1 to 5 of group 1, in term 1. */
judge('proposal', {
  make: (report) =>
    new ProposalChecker({
      committedTerm: (group, index) => (group === 1 && index <= 5 ? 1 : undefined),
      onDoubtEnded: () => undefined,
      report,
    }),
  good: {
    'a proposal in doubt that is committed, and one that is overwritten': (checker) => {
      for (const index of [6, 7]) {
        checker.proposed(`a ${index}`, { group: 1, index, term: 1 });
        checker.told(`a ${index}`, 'unknown');
      }
      checker.committed(1, 6, 1);
      checker.committed(1, 7, 2);
    },
    'a refusal after which another term is committed there': (checker) => {
      checker.proposed('a', { group: 1, index: 6, term: 1 });
      checker.told('a', 'not_applied');
      checker.committed(1, 6, 2);
      checker.proposed('b', { group: 1, index: 5, term: 2 });
      checker.told('b', 'not_applied');
    },
    'a refusal of what was never proposed': (checker) => {
      checker.told('a', 'not_applied');
      checker.proposed('b', { group: 1, index: 6, term: 1 });
      checker.told('a', 'not_applied');
      checker.committed(1, 6, 1);
      checker.told('b', 'applied');
    },
  },
  bad: {
    'a refusal of what is committed later': [
      /index 6 of group 1 was reported not_applied/,
      (checker) => {
        checker.proposed('a', { group: 1, index: 6, term: 1 });
        checker.told('a', 'not_applied');
        checker.committed(1, 6, 1);
      },
    ],
    'a refusal of what was committed before': [
      /index 5 of group 1 was reported not_applied/,
      (checker) => {
        checker.proposed('a', { group: 1, index: 5, term: 1 });
        checker.told('a', 'not_applied');
      },
    ],
    'a refusal of the one of two proposals at an index that is committed': [
      /term 2 at index 6 of group 1/,
      (checker) => {
        for (const term of [1, 2]) {
          checker.proposed(`${term}`, { group: 1, index: 6, term });
          checker.told(`${term}`, 'not_applied');
        }
        checker.committed(1, 6, 2);
      },
    ],
  },
});

function seen(index: number, term: number, checksum: number, previous: number): SeenEntry {
  return { index, term, checksum, previous, bytes: new Uint8Array(0) };
}

judge('log matching', {
  make: (report) => new LogMatchingChecker(report),
  good: {
    'the same entry on two nodes': (checker) => {
      checker.seen('a', 1, seen(1, 1, 11, 0));
      checker.seen('b', 1, seen(1, 1, 11, 0));
    },
    'an entry of a later term at the same index': (checker) => {
      checker.seen('a', 1, seen(1, 1, 11, 0));
      checker.seen('b', 1, seen(1, 2, 12, 0));
    },
    'other entries in another group': (checker) => {
      checker.seen('a', 1, seen(1, 1, 11, 0));
      checker.seen('a', 2, seen(1, 1, 22, 0));
    },
  },
  bad: {
    'two entries of one index and term': [
      /another entry 1 of term 1/,
      (checker) => {
        checker.seen('a', 1, seen(1, 1, 11, 0));
        checker.seen('b', 1, seen(1, 1, 12, 0));
      },
    ],
    'one entry behind two logs': [
      /another entry 2 of term 1/,
      (checker) => {
        checker.seen('a', 1, seen(2, 1, 12, 11));
        checker.seen('b', 1, seen(2, 1, 12, 10));
      },
    ],
    'a leader that appends under its old term': [
      /another entry 3 of term 2/,
      (checker) => {
        checker.seen('a', 1, seen(3, 1, 31, 0));
        checker.seen('b', 1, seen(3, 2, 32, 0));
        checker.seen('a', 1, seen(3, 2, 33, 0));
      },
    ],
  },
});

/** Three nodes, group 1, and disks that a history may change. */
class Disks {
  readonly promises: Promises;
  readonly durability: DurabilityChecker;
  /** Checksums of what was committed, by index. */
  committed: readonly number[] = [0];
  readonly #stored = new Map<string, StoredEntry>();

  constructor(report: (text: string) => void) {
    const readDisk = (node: string, _group: number, index: number): StoredEntry | undefined =>
      this.#stored.get(`${node} ${index}`);
    this.promises = new Promises(readDisk, report);
    this.promises.born(
      'a',
      1,
      ['a', 'b', 'c'].map((node) => ({ node, replica: node })),
    );
    this.durability = new DurabilityChecker({
      promises: this.promises,
      readDisk,
      committed: () => this.committed,
      excused: () => false,
      report,
    });
  }

  /** Entries become durable and are answered. */
  write(node: string, first: number, last: number, more: Partial<WrittenPart> = {}): void {
    const entries = Array.from({ length: last - first + 1 }, (_, at) => entry(first + at));
    for (const one of entries) this.put(node, one);
    const hard = { term: 1, vote: undefined };
    this.promises.written(node, {
      group: 1,
      truncateFrom: undefined,
      entries,
      hard,
      tailIndex: last,
      healed: false,
      ...more,
    });
  }

  put(node: string, stored: StoredEntry): void {
    this.#stored.set(`${node} ${stored.index}`, stored);
  }

  /** A damaged replica says that it is whole again, up to here. */
  heal(node: string, tailIndex: number): void {
    this.durability.healed(node, 1, tailIndex);
    const nothing = { truncateFrom: undefined, entries: [], hard: undefined };
    this.promises.written(node, { group: 1, ...nothing, tailIndex, healed: true });
  }

  /** Up to here, as {@link entry} has them. */
  commit(last: number): void {
    this.committed = [0, ...Array.from({ length: last }, (_, at) => entry(at + 1).checksum)];
  }

  lose(node: string, index: number): void {
    this.#stored.delete(`${node} ${index}`);
  }

  open(node: string, verdict: 'clean' | 'damaged', tailIndex: number, excused: boolean, term = 1): void {
    this.promises.opened(
      node,
      1,
      { verdict, owedKnown: true, hard: { term, vote: undefined }, tailIndex },
      excused,
    );
  }
}

function entry(index: number, term = 1): StoredEntry {
  return { index, term, checksum: term * 100 + index };
}

judge('promise', {
  make: (report) => new Disks(report),
  good: {
    'a restart that finds everything': (disks) => {
      disks.write('a', 1, 3);
      disks.open('a', 'clean', 3, false);
    },
    'a truncation that a crash left in doubt': (disks) => {
      disks.write('a', 1, 3);
      disks.promises.leftInDoubt('a', {
        group: 1,
        truncateFrom: 2,
        entries: [entry(2, 2)],
        hard: undefined,
        tailIndex: 2,
        healed: false,
      });
      disks.put('a', entry(2, 2));
      disks.lose('a', 3);
      disks.open('a', 'clean', 2, false);
    },
    'damage that a fault explains': (disks) => {
      disks.write('a', 1, 3);
      disks.lose('a', 2);
      disks.open('a', 'damaged', 1, true);
    },
  },
  bad: {
    'a clean verdict on a log that lost its end': [
      /opened as clean up to 2, but has lost entry 3/,
      (disks) => {
        disks.write('a', 1, 3);
        disks.lose('a', 3);
        disks.open('a', 'clean', 2, true);
      },
    ],
    'damage that nothing explains': [
      /damaged although no fault/,
      (disks) => {
        disks.write('a', 1, 3);
        disks.open('a', 'damaged', 1, false);
      },
    ],
    'a term that fell over a restart': [
      /came back with term 1, it had promised term 2/,
      (disks) => {
        disks.write('a', 1, 1, { hard: { term: 2, vote: 'a' } });
        disks.open('a', 'clean', 1, false, 1);
      },
    ],
    'a vote that was forgotten': [
      /came back without its vote/,
      (disks) => {
        disks.write('a', 1, 1, { hard: { term: 2, vote: 'b' } });
        disks.open('a', 'clean', 1, false, 2);
      },
    ],
    'damage forgotten at the second restart': [
      /has lost entry 3/,
      (disks) => {
        disks.write('a', 1, 3);
        disks.lose('a', 3);
        disks.open('a', 'damaged', 2, true);
        disks.open('a', 'clean', 2, true);
      },
    ],
  },
});

judge('durability', {
  make: (report) => new Disks(report),
  good: {
    'an ack and a commit of what a majority has': (disks) => {
      disks.write('a', 1, 2);
      disks.write('b', 1, 2);
      disks.durability.acked('b', 1, 2);
      disks.durability.committed('a', 1, 2, entry(2).checksum);
    },
    'a vote after it is durable': (disks) => {
      disks.write('a', 1, 1, { hard: { term: 4, vote: 'b' } });
      disks.durability.voted('a', 1, 4, 'b');
      disks.durability.decided('a', 1, 1, 1);
    },
    'a commit that stands on a replica which was damaged after it acked': (disks) => {
      disks.write('a', 1, 2);
      disks.write('b', 1, 2);
      disks.lose('b', 2);
      disks.open('b', 'damaged', 1, true);
      disks.durability.committed('a', 1, 2, entry(2).checksum);
    },
    'a replica that heals with all that it had a part in committing': (disks) => {
      disks.write('a', 1, 3);
      disks.commit(2);
      disks.open('a', 'damaged', 0, true);
      disks.heal('a', 2);
    },
    'a replica that heals without what it had stored of an entry that lost its place': (disks) => {
      disks.write('a', 1, 2);
      disks.commit(3);
      disks.write('a', 3, 3, { entries: [{ ...entry(3), checksum: -3 }] });
      disks.open('a', 'damaged', 0, true);
      disks.heal('a', 2);
    },
  },
  bad: {
    'a replica that heals with less than it had a part in committing': [
      /a healed in group 1 up to 1, but had promised entry 3/,
      (disks) => {
        disks.write('a', 1, 3);
        disks.commit(3);
        disks.open('a', 'damaged', 0, true);
        disks.heal('a', 1);
      },
    ],
    'an ack of what is not durable': [
      /only 1 are durable/,
      (disks) => {
        disks.write('a', 1, 1);
        disks.durability.acked('a', 1, 2);
      },
    ],
    'an ack of what is not on the disk': [
      /not on its disk/,
      (disks) => {
        disks.write('a', 1, 2);
        disks.lose('a', 2);
        disks.durability.acked('a', 1, 2);
      },
    ],
    'an ack by a damaged replica': [
      /although it is damaged/,
      (disks) => {
        disks.write('a', 1, 2);
        disks.open('a', 'damaged', 1, true);
        disks.durability.acked('a', 1, 1);
      },
    ],
    'a vote before it is durable': [
      /before that was durable/,
      (disks) => disks.durability.voted('a', 1, 2, 'b'),
    ],
    'a request for votes before the own vote is durable': [
      /asked for votes in term 2/,
      (disks) => disks.durability.askedForVotes('a', 1, 2),
    ],
    'a vote for a log shorter than what is owed': [
      /has promised 3 of term 1/,
      (disks) => {
        disks.write('a', 1, 3);
        disks.durability.decided('a', 1, 2, 1);
      },
    ],
    'a commit of what only the leader has': [
      /durable only on a of a,b,c/,
      (disks) => {
        disks.write('a', 1, 2);
        disks.durability.committed('a', 1, 2, entry(2).checksum);
      },
    ],
  },
});

judge('state', {
  make: (report) => new StateChecker(report),
  good: {
    'equal states at equal indexes': (checker) => {
      checker.state('a', 1, 5, 'x');
      checker.state('b', 1, 5, 'x');
    },
    'other states at other indexes': (checker) => {
      checker.state('a', 1, 5, 'x');
      checker.state('b', 1, 6, 'y');
    },
    'the same replica seen twice': (checker) => {
      checker.state('a', 1, 5, 'x');
      checker.state('a', 1, 5, 'x');
    },
  },
  bad: {
    'replicas that differ': [
      /differ: y and x/,
      (checker) => {
        checker.state('a', 1, 5, 'x');
        checker.state('b', 1, 5, 'y');
      },
    ],
    'a replica that differs from itself after a restart': [
      /differ/,
      (checker) => {
        checker.state('a', 1, 5, 'x');
        checker.state('a', 1, 5, 'z');
      },
    ],
    'a difference in one group only': [
      /group 2/,
      (checker) => {
        checker.state('a', 1, 5, 'x');
        checker.state('a', 2, 5, 'x');
        checker.state('b', 2, 5, 'y');
      },
    ],
  },
});

test.run();
