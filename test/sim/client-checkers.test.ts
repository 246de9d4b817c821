import { test } from 'uvu';
import { AnswerChecker } from '../../sim/checkers/answers.ts';
import { BoundsChecker } from '../../sim/checkers/bounds.ts';
import { ConsumerChecker } from '../../sim/checkers/consumers.ts';
import { FailureChecker } from '../../sim/checkers/failures.ts';
import { injectedCrash } from '../../sim/observe/fragile-actor.ts';
import { FetchChecker } from '../../sim/checkers/fetches.ts';
import { RecordChecker } from '../../sim/checkers/records.ts';
import type { SentRecord } from '../../sim/checkers/records.ts';
import { VisibilityChecker } from '../../sim/checkers/visibility.ts';
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
let cursor = 0;
const facts = {
  valueAt: (_group: number, offset: number) => committed[offset],
  cursor: () => cursor,
  ackedEnd: () => 2,
  committedEnd: () => 3,
};

judge('consumer', {
  make: (report) => new ConsumerChecker(facts, report),
  good: {
    'every record once': (checker) => {
      cursor = 3;
      for (const [offset, value] of committed.entries()) checker.delivered(call, 1, offset, value);
      checker.finish([1]);
    },
    'one record missing where an answer was lost': (checker) => {
      cursor = 2;
      checker.delivered(call, 1, 0, Uint8Array.of(1));
      checker.unknown(call);
      checker.finish([1]);
    },
    'nothing, when everything acknowledged was read': (checker) => {
      cursor = 2;
      checker.nothing(call);
    },
  },
  bad: {
    'a record twice': [
      /given offset 0 of group 1 twice/,
      (checker) => {
        cursor = 2;
        checker.delivered(call, 1, 0, Uint8Array.of(1));
        checker.delivered(call, 1, 0, Uint8Array.of(1));
      },
    ],
    'a record above the commit': [
      /not committed/,
      (checker) => {
        cursor = 9;
        checker.delivered(call, 1, 7, Uint8Array.of(1));
      },
    ],
    'other bytes than were committed': [
      /other bytes/,
      (checker) => {
        cursor = 1;
        checker.delivered(call, 1, 0, Uint8Array.of(9));
      },
    ],
    'a record before the cursor has passed it': [
      /before its cursor \(0\)/,
      (checker) => {
        cursor = 0;
        checker.delivered(call, 1, 0, Uint8Array.of(1));
      },
    ],
    'a record that was skipped': [
      /never got 1 records/,
      (checker) => {
        cursor = 2;
        checker.delivered(call, 1, 1, Uint8Array.of(2));
        checker.finish([1]);
      },
    ],
    'nothing, where there was something': [
      /2 records acknowledged/,
      (checker) => {
        cursor = 1;
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
      cursor = 1;
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
        cursor = 0;
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
