import { test } from 'uvu';
import { AnswerChecker } from '../../sim/checkers/answers.ts';
import { BoundsChecker } from '../../sim/checkers/bounds.ts';
import { ConsumerChecker } from '../../sim/checkers/consumers.ts';
import { FailureChecker } from '../../sim/checkers/failures.ts';
import { injectedCrash } from '../../sim/observe/fragile-actor.ts';
import { FetchChecker } from '../../sim/checkers/fetches.ts';
import { RecordChecker } from '../../sim/checkers/records.ts';
import type { SentRecord } from '../../sim/checkers/records.ts';
import type { LoggedTake } from '../../sim/checkers/push-cursors.ts';
import { VisibilityChecker } from '../../sim/checkers/visibility.ts';
import type { Taker } from '../../src/partition/index.ts';
import { judge } from './histories.ts';

function record(id: number, more: Partial<SentRecord> = {}): SentRecord {
  return { id, client: 'p', groups: [1], ordered: false, bytes: 8, ...more };
}

/** One record, sent, stored and acknowledged at an offset. */
function store(checker: RecordChecker, sent: SentRecord, offset: number, atMicros: number): void {
  checker.attempt(sent, atMicros);
  checker.stored(1, offset, sent.id, sent.bytes);
  checker.answered(sent.id, 'applied', { group: 1, offset }, atMicros + 10);
}

judge('record', {
  make: (report) => new RecordChecker(report),
  good: {
    'acknowledged records in their places': (checker) => {
      store(checker, record(1), 0, 100);
      store(checker, record(2), 1, 200);
    },
    'an unknown record that is stored': (checker) => {
      checker.attempt(record(1), 100);
      checker.answered(1, 'unknown', undefined, 200);
      checker.stored(1, 0, 1, 8);
    },
    'a refused record that is sent again': (checker) => {
      checker.attempt(record(1), 100);
      checker.answered(1, 'not_applied', undefined, 200);
      store(checker, record(1), 0, 300);
    },
    'records sent at the same time in either order': (checker) => {
      checker.attempt(record(1), 100);
      checker.attempt(record(2), 100);
      checker.stored(1, 0, 2, 8);
      checker.stored(1, 1, 1, 8);
      checker.answered(1, 'applied', { group: 1, offset: 1 }, 150);
      checker.answered(2, 'applied', { group: 1, offset: 0 }, 160);
    },
  },
  bad: {
    'an acknowledged record that is not there': [
      /not committed/,
      (checker) => {
        checker.attempt(record(1), 100);
        checker.answered(1, 'applied', { group: 1, offset: 0 }, 200);
      },
    ],
    'an acknowledged record at another offset': [
      /is stored at offset 0/,
      (checker) => {
        checker.attempt(record(1), 100);
        checker.stored(1, 0, 1, 8);
        checker.answered(1, 'applied', { group: 1, offset: 1 }, 200);
      },
    ],
    'a record that is stored twice': [
      /stored twice/,
      (checker) => {
        store(checker, record(1), 0, 100);
        checker.stored(1, 1, 1, 8);
      },
    ],
    'a record that nobody sent': [/nobody sent/, (checker) => checker.stored(1, 0, 9, 8)],
    'a refused record that is stored': [
      /called not applied/,
      (checker) => {
        checker.attempt(record(1), 100);
        checker.answered(1, 'not_applied', undefined, 200);
        checker.stored(1, 0, 1, 8);
      },
    ],
    'a later record at a lower offset': [
      /although 5 was acknowledged before/,
      (checker) => {
        store(checker, record(1), 5, 100);
        store(checker, record(2), 4, 200);
      },
    ],
    'records of one producer in the wrong order': [
      /wrong order/,
      (checker) => {
        checker.attempt(record(1, { ordered: true }), 100);
        checker.attempt(record(2, { ordered: true }), 110);
        checker.stored(1, 0, 2, 8);
        checker.stored(1, 1, 1, 8);
      },
    ],
  },
});

const committed = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
const call = { consumer: 'c', groups: [1], startMicros: 1_000 };
let position = 0;
const run = { node: 'a', start: 1 };
const later = { node: 'a', start: 2 };
/** By offset. */
const open = new Map<number, LoggedTake>();
let over: Taker | undefined;
const facts = {
  valueAt: (_group: number, offset: number) => committed[offset],
  position: () => position,
  open: () => open,
  ackedEnd: () => 2,
  committedEnd: () => 3,
  isOver: (asked: Taker) => over?.start === asked.start,
};

/** Offsets below `to` are taken by `by`. */
function taken(to: number, by: Taker = run, returnedMicros?: number): void {
  position = to;
  over = undefined;
  open.clear();
  for (let offset = 0; offset < to; offset += 1) open.set(offset, { ...by, call: offset, returnedMicros });
}

function given(offset: number, group = 1) {
  return { group, offset, value: committed[offset] ?? Uint8Array.of(offset + 1) };
}

function note(checker: ConsumerChecker, offset: number, by: Taker = run): void {
  open.delete(offset);
  checker.noted(1, 'c', offset, { ...by, call: offset });
}

judge('consumer', {
  make: (report) => new ConsumerChecker(facts, report),
  good: {
    'every record once': (checker) => {
      taken(3);
      for (const offset of [0, 1, 2]) {
        checker.handed(call, given(offset), run);
        note(checker, offset);
      }
      checker.finish([1]);
    },
    'a record that is still being answered at the end': (checker) => {
      taken(2);
      checker.handed(call, given(0), run);
      checker.finish([1]);
    },
    'a record twice, where the run ended before its note': (checker) => {
      taken(1);
      checker.handed(call, given(0), run);
      taken(1, later);
      over = run;
      checker.handed(call, given(0), later);
      note(checker, 0, later);
      checker.finish([1]);
    },
    'nothing, when everything acknowledged was taken': (checker) => {
      taken(2);
      checker.nothing(call);
    },
    'nothing, when something came back during the call': (checker) => {
      taken(2, run, 1_500);
      checker.nothing(call);
    },
  },
  bad: {
    'a record twice from one run': [
      /given offset 0 of group 1 twice/,
      (checker) => {
        taken(2);
        checker.handed(call, given(0), run);
        checker.handed(call, given(0), run);
      },
    ],
    'a record again that was noted': [
      /again, which was noted before/,
      (checker) => {
        taken(1);
        checker.handed(call, given(0), run);
        note(checker, 0);
        taken(1, later);
        over = run;
        checker.handed(call, given(0), later);
      },
    ],
    'a note of what was never handed over': [
      /noted for c, and a never handed it over/,
      (checker) => {
        taken(1);
        note(checker, 0);
      },
    ],
    'a note by another run than the one that handed over': [
      /never handed it over/,
      (checker) => {
        taken(1);
        checker.handed(call, given(0), run);
        note(checker, 0, later);
      },
    ],
    'a record above the commit': [
      /not committed/,
      (checker) => {
        taken(9);
        checker.handed(call, given(7), run);
      },
    ],
    'other bytes than were committed': [
      /other bytes/,
      (checker) => {
        taken(1);
        checker.handed(call, { ...given(0), value: Uint8Array.of(9) }, run);
      },
    ],
    'a record that the log says nobody took': [
      /has not taken it by the log/,
      (checker) => {
        taken(0);
        checker.handed(call, given(0), run);
      },
    ],
    'a record that somebody else took': [
      /has not taken it by the log/,
      (checker) => {
        taken(1, later);
        checker.handed(call, given(0), run);
      },
    ],
    'a record that was skipped': [
      /never got offset 0 of group 1/,
      (checker) => {
        taken(2);
        checker.handed(call, given(1), run);
        open.clear();
        checker.finish([1]);
      },
    ],
    'nothing, where there was something': [
      /2 records acknowledged/,
      (checker) => {
        taken(1);
        checker.nothing(call);
      },
    ],
    'nothing, where a record is to be given again': [
      /offset 1 is to be given again/,
      (checker) => {
        taken(2, run, 500);
        checker.nothing(call);
      },
    ],
  },
});

judge('fetch', {
  make: (report) => new FetchChecker(facts, report),
  good: {
    'committed records': (checker) => checker.fetched(1, 0, committed, 0),
    'a chunk that begins below': (checker) => checker.fetched(1, 0, committed.slice(0, 2), 1),
    'the end where everything acknowledged lies below': (checker) => checker.ended(1, 2, 1_000),
  },
  bad: {
    'a record above the commit': [/not committed/, (checker) => checker.fetched(1, 3, [Uint8Array.of(4)], 3)],
    'other bytes': [/other bytes/, (checker) => checker.fetched(1, 0, [Uint8Array.of(7)], 0)],
    'a gap': [/skipped to 2/, (checker) => checker.fetched(1, 2, committed.slice(2), 1)],
    'a stale end': [/ends at 1/, (checker) => checker.ended(1, 1, 1_000)],
  },
});

const size = { consumer: 'c', groups: [1], startMicros: 1_000, cursorsAtStart: [0] };

judge('visibility', {
  make: (report) => new VisibilityChecker(facts, report),
  good: {
    'a topic that is used after its creation': (checker) => {
      checker.created('topic', 't', 500);
      checker.failed('empty_partition', { topic: 't' }, 1_000, 'a');
      checker.listed(['t'], 1_000, 'a');
    },
    'a call that was sent before the answer': (checker) => {
      checker.created('topic', 't', 1_500);
      checker.failed('topic_not_found', { topic: 't' }, 1_000, 'a');
      checker.listed([], 1_000, 'a');
    },
    'a size within its bounds': (checker) => {
      position = 1;
      checker.sized(size, [2], 'a');
    },
  },
  bad: {
    'a topic that is denied': [
      /topic_not_found for topic t/,
      (checker) => {
        checker.created('topic', 't', 500);
        checker.failed('topic_not_found', { topic: 't' }, 1_000, 'b');
      },
    ],
    'a consumer that is denied': [
      /consumer_not_registered for consumer c/,
      (checker) => {
        checker.created('consumer', 'c', 500);
        checker.failed('consumer_not_registered', { topic: 't', consumer: 'c' }, 1_000, 'b');
      },
    ],
    'a topic that is missing from a list': [
      /left topic t out/,
      (checker) => {
        checker.created('topic', 't', 500);
        checker.listed(['u'], 1_000, 'b');
      },
    ],
    'a stale size': [
      /answered size 0/,
      (checker) => {
        position = 0;
        checker.sized(size, [0], 'b');
      },
    ],
  },
});

const asked = { id: 1, node: 'a', life: 1, what: 'produce', startMicros: 0, deadlineMicros: 5_000 };

judge('answer', {
  make: (report) => new AnswerChecker(100, report),
  good: {
    'an answer in time': (checker) => {
      checker.started(asked);
      checker.answered(1, 5_050);
    },
    'an answer after a pause of the node': (checker) => {
      checker.started(asked);
      checker.blocked('a', 10_000);
      checker.answered(1, 14_000);
    },
    'no answer of a process that ended': (checker) => {
      checker.started(asked);
      checker.ended('a', 1);
      checker.sweep(90_000);
    },
  },
  bad: {
    'a late answer': [
      /no answer after 6 ms/,
      (checker) => {
        checker.started(asked);
        checker.answered(1, 6_000);
      },
    ],
    'no answer at all': [
      /no answer/,
      (checker) => {
        checker.started(asked);
        checker.sweep(90_000);
      },
    ],
    'two answers': [
      /answered twice/,
      (checker) => {
        checker.started(asked);
        checker.answered(1, 100);
        checker.answered(1, 200);
      },
    ],
  },
});

const idle = { id: 'x', control: 0, data: 0, dataCapacity: 10 };

judge('bounds', {
  make: (report) =>
    new BoundsChecker({ controlMessages: 100, uncommittedBytes: 1_000, entryBytes: 100 }, report),
  good: {
    'queues within their bounds': (checker) => checker.actors('a', [{ ...idle, control: 100, data: 10 }]),
    'no queue': (checker) => checker.actors('a', [idle]),
    'one entry beyond the bound in bytes': (checker) => checker.uncommitted('a', 1, 1_100),
  },
  bad: {
    'a control lane that ran over': [
      /101 control messages/,
      (checker) => checker.actors('a', [{ ...idle, control: 101 }]),
    ],
    'a data lane that ran over': [
      /11 data messages/,
      (checker) => checker.actors('a', [{ ...idle, data: 11 }]),
    ],
    'too many uncommitted bytes': [/2000 bytes/, (checker) => checker.uncommitted('a', 1, 2_000)],
  },
});

judge('failure', {
  make: (report) =>
    new FailureChecker({
      damaged: (node) => node === 'damaged',
      failing: (node) => node === 'failing',
      report,
    }),
  good: {
    'damage found on a damaged node': (checker) =>
      checker.note('damaged', 'partition/1', 'error', 'actor.failed', {
        error: 'Error: damage found in group 1',
      }),
    'a store that was made to fail': (checker) => {
      checker.note('failing', 'log-writer', 'error', 'actor.failed', { error: 'Error: storage_failed: EIO' });
      checker.processEnded('failing', 'log-writer escalated');
    },
    'a process that was killed': (checker) => checker.processEnded('a', 'crash'),
    'an actor that was made to throw until its process ended': (checker) => {
      checker.note('a', 'x', 'error', 'actor.failed', { error: `Error: ${injectedCrash}` });
      checker.processEnded('a', `x escalated: Error: ${injectedCrash}`);
    },
  },
  bad: {
    'a throw': [
      /failed: TypeError/,
      (checker) => checker.note('a', 'x', 'error', 'actor.failed', { error: 'TypeError' }),
    ],
    'damage found where none was done': [
      /damage found/,
      (checker) =>
        checker.note('a', 'partition/1', 'error', 'actor.failed', {
          error: 'Error: damage found in group 1',
        }),
    ],
    'a process that ended by itself': [
      /ended: out of luck/,
      (checker) => checker.processEnded('a', 'out of luck'),
    ],
    'an escalation of another actor than the one that was made to throw': [
      /ended: y escalated/,
      (checker) => {
        checker.note('a', 'x', 'error', 'actor.failed', { error: `Error: ${injectedCrash}` });
        checker.processEnded('a', 'y escalated: Error: lost');
      },
    ],
    'an escalation in the process after the one whose actor was made to throw': [
      /ended: x escalated/,
      (checker) => {
        checker.note('a', 'x', 'error', 'actor.failed', { error: `Error: ${injectedCrash}` });
        checker.processEnded('a', 'crash');
        checker.processEnded('a', 'x escalated: Error: lost');
      },
    ],
    'an error note': [/noted x.y/, (checker) => checker.note('a', 'x', 'error', 'x.y', {})],
  },
});

test.run();
