import { crc32 } from 'node:zlib';
import { test } from 'uvu';
import {
  buildChunk,
  chunkKind,
  encodeRecords,
  groupId,
  logIndex,
  offset,
  sealChunk,
  term,
  type ChunkDraft,
} from '@callboard/client/protocol';
import { CommittedChecker } from '../../sim/checkers/committed.ts';
import type { SeenEntry } from '../../sim/checkers/log-matching.ts';
import { encodeCursorCommand } from '../../src/partition/index.ts';
import { judge } from './histories.ts';

/** A log that grows as a leader's would. */
class Log {
  readonly entries: SeenEntry[] = [];

  #add(draft: Partial<ChunkDraft>, baseOffset: number, at: number): SeenEntry {
    const bytes = buildChunk(
      {
        kind: chunkKind.noop,
        body: new Uint8Array(0),
        recordCount: 0,
        producerId: new Uint8Array(16),
        producerEpoch: 0,
        firstSequence: 0,
        firstTimestamp: 1,
        lastTimestampDelta: 0,
        ...draft,
      },
      crc32,
    );
    const previous = this.entries.at(-1)?.checksum ?? 0;
    const index = this.entries.length + 1;
    const seal = {
      group: groupId(1),
      term: term(at),
      index: logIndex(index),
      baseOffset: offset(baseOffset),
      previousChecksum: previous,
    };
    const checksum = sealChunk(bytes, seal, crc32);
    const entry = { index, term: at, checksum, previous, bytes };
    this.entries.push(entry);
    return entry;
  }

  noop(at = 1): SeenEntry {
    return this.#add({}, 0, at);
  }

  records(baseOffset: number, firstSequence: number, count = 1, epoch = 0): SeenEntry {
    const values = Array.from({ length: count }, (_, n) => Uint8Array.of(n));
    const body = encodeRecords(
      values.map((value) => ({ timestampDelta: 0, key: undefined, headers: [], value })),
    );
    const draft = {
      kind: chunkKind.records,
      body,
      recordCount: count,
      producerId: new Uint8Array(16).fill(7),
    };
    return this.#add({ ...draft, producerEpoch: epoch, firstSequence }, baseOffset, 1);
  }

  command(): SeenEntry {
    const body = encodeCursorCommand({ kind: 'settlements', settlements: [] });
    return this.#add({ kind: chunkKind.command, body }, 0, 1);
  }
}

interface Case {
  readonly log: Log;
  readonly checker: CommittedChecker;
  commit(entry: SeenEntry): void;
}

judge<Case>('committed log', {
  make: (report) => {
    const log = new Log();
    const find = (_group: number, index: number, checksum: number): SeenEntry | undefined =>
      log.entries.find((entry) => entry.index === index && entry.checksum === checksum);
    const checker = new CommittedChecker({
      find,
      onEntry: () => undefined,
      onRecord: () => undefined,
      onCommand: () => undefined,
      report,
    });
    return { log, checker, commit: (entry) => checker.committed('a', 1, entry, 1) };
  },
  good: {
    'the same entries from two nodes': ({ log, commit, checker }) => {
      for (const entry of [log.noop(), log.records(0, 0, 2), log.records(2, 2)]) commit(entry);
      for (const entry of log.entries) checker.committed('b', 1, entry, 1);
    },
    'a commit that covers what came before': ({ log, commit }) => {
      log.noop();
      log.records(0, 0);
      commit(log.noop(2));
    },
    'a new epoch from sequence 0, and a command': ({ log, commit }) => {
      for (const entry of [log.records(0, 0, 3), log.command(), log.records(3, 0, 1, 1)]) commit(entry);
    },
    'an applied entry that was committed': ({ log, commit, checker }) => {
      const entry = log.noop();
      commit(entry);
      checker.applying('b', 1, 1, entry.checksum);
    },
  },
  bad: {
    'another entry at a committed index': [
      /another one of term 1 was committed there/,
      ({ log, commit }) => {
        commit(log.noop());
        commit(new Log().noop(2));
      },
    ],
    'an entry that does not continue the log': [
      /does not continue/,
      ({ log, commit }) => {
        commit(log.noop());
        const other = new Log();
        other.noop(2);
        commit(other.records(0, 0));
      },
    ],
    'a gap between offsets': [/begins at offset 5/, ({ log, commit }) => commit(log.records(5, 0))],
    'a batch twice': [
      /has sequence 0 committed in group 1, expected 2/,
      ({ log, commit }) => {
        commit(log.records(0, 0, 2));
        commit(log.records(2, 0, 2));
      },
    ],
    'a batch of an epoch that was fenced': [
      /after epoch 1/,
      ({ log, commit }) => {
        commit(log.records(0, 0, 1, 1));
        commit(log.records(1, 1, 1, 0));
      },
    ],
    'an applied entry that is not committed': [
      /nobody has committed/,
      ({ checker }) => checker.applying('b', 1, 1, 5),
    ],
    'an applied entry that is another one': [
      /another entry 1/,
      ({ log, commit, checker }) => {
        commit(log.noop());
        checker.applying('b', 1, 1, 5);
      },
    ],
  },
});

test.run();
