// Bounded reads, replication first, and nothing served that was not asked for (DESIGN 7, SEMANTICS S7).
import { groupId, logIndex, offset } from '@callboard/client/protocol';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { GroupDamage, GroupLoaded } from '../../../src/actors/group/messages.ts';
import { LogReader } from '../../../src/actors/log-reader/log-reader.ts';
import type {
  FindTime,
  FindTimeAnswer,
  LogReaderMessage,
  ReadChunks,
  ReadChunksAnswer,
  ReadEntries,
} from '../../../src/actors/log-reader/messages.ts';
import { refTo, type Context } from '../../../src/kernel/index.ts';
import type { EntriesAnswer, EntriesRequest, Entry, LogStore } from '../../../src/raft/index.ts';
import type { OffsetAnswer } from '../../../src/raft/log-store.ts';
import { draftOf, emptyDraft, entryOf } from '../../lib/chunks.ts';

type Answer = GroupLoaded | ReadChunksAnswer | FindTimeAnswer;

interface Read {
  readonly request: EntriesRequest;
  readonly done: (answer: EntriesAnswer) => void;
}

interface Find {
  readonly wanted: number;
  readonly done: (index: number | undefined, unread?: true) => void;
}

class Bench {
  readonly reads: Read[] = [];
  readonly finds: Find[] = [];
  readonly answers: Answer[] = [];
  readonly reader: LogReader;
  readonly #queue: LogReaderMessage[] = [];
  readonly #context: Context<LogReaderMessage>;

  constructor(readsInFlight = 4) {
    const find = (wanted: number, done: (answer: OffsetAnswer) => void) =>
      void this.finds.push({
        wanted,
        done: (index, unread) =>
          done({ index: index === undefined ? undefined : logIndex(index), ...(unread && { unread }) }),
      });
    const store: Partial<LogStore> = {
      readEntries: (request, done) => void this.reads.push({ request, done }),
      findOffset: (_group, wanted, done) => find(wanted, done),
      findTime: (_group, wanted, done) => find(wanted, done),
    };
    this.reader = new LogReader({ store: store as LogStore, readsInFlight });
    const self = refTo<LogReaderMessage>('n', 'log-reader');
    const send = (to: unknown, message: unknown): 'accepted' => {
      if (to === self) this.#queue.push(message as LogReaderMessage);
      else this.answers.push(message as Answer);
      return 'accepted';
    };
    this.#context = { self, send } as unknown as Context<LogReaderMessage>;
  }

  tell(...messages: readonly LogReaderMessage[]): void {
    this.#queue.push(...messages);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.reader.receive(next, this.#context);
    }
  }

  read(): Read {
    return this.#taken(this.reads.shift());
  }

  found(index: number | undefined, unread?: true): Find {
    const find = this.#taken(this.finds.shift());
    find.done(index, unread);
    this.tell();
    return find;
  }

  loaded(entries: readonly Entry[], bad?: number): EntriesRequest {
    const { request, done } = this.read();
    done({ entries, bad: bad === undefined ? undefined : logIndex(bad) });
    this.tell();
    return request;
  }

  chunks(): ReadChunksAnswer {
    const answer = this.#taken(this.answers.shift());
    if (answer.kind !== 'read-chunks-answer') throw new Error(`got ${answer.kind}`);
    return answer;
  }

  time(): FindTimeAnswer {
    const answer = this.#taken(this.answers.shift());
    if (answer.kind !== 'find-time-answer') throw new Error(`got ${answer.kind}`);
    return answer;
  }

  #taken<T>(one: T | undefined): T {
    if (one === undefined) throw new Error('there is none');
    return one;
  }
}

const common = {
  replyTo: refTo<Answer | GroupDamage>('n', 'partition/1'),
  incarnation: 7,
  group: groupId(1),
};

function entries(id: number): ReadEntries {
  const range = { from: logIndex(1), to: logIndex(9), maxBytes: 100, maxEntries: 5, cut: 'tail' } as const;
  return { kind: 'read-entries', ...common, id, ...range };
}

function chunks(id: number, from: number, more: Partial<ReadChunks> = {}): ReadChunks {
  const bounds = { upTo: offset(100), maxIndex: logIndex(50), maxBytes: 1_000, maxChunks: 1_000 };
  return { kind: 'read-chunks', ...common, id, offset: offset(from), at: undefined, ...bounds, ...more };
}

function time(id: number): FindTime {
  return { kind: 'find-time', ...common, id, timestamp: 1_234, maxIndex: logIndex(50) };
}

function records(index: number, baseOffset: number, count: number): Entry {
  const texts = Array.from({ length: count }, (_, at) => `${baseOffset + at}`);
  return entryOf(draftOf(texts), { index, baseOffset });
}

function command(index: number): Entry {
  return entryOf(emptyDraft('command'), { index });
}

test('no more reads run at a time than were allowed, and each answer makes room for one', () => {
  const bench = new Bench(2);
  bench.tell(entries(1), chunks(2, 0), entries(3), time(4), entries(5));
  assert.is(bench.reads.length + bench.finds.length, 2);
  assert.equal(bench.reader.inspect(), { waiting: 3, running: 2, served: 2 });
  let most = 0;
  for (let n = 0; n < 20 && bench.reader.inspect()['running'] !== 0; n += 1) {
    most = Math.max(most, bench.reads.length + bench.finds.length);
    if (bench.reads.length > 0) bench.loaded([records(3, 0, 1)]);
    else bench.found(3);
  }
  assert.is(most, 2);
  assert.equal(bench.reader.inspect(), { waiting: 0, running: 0, served: 5 });
  assert.equal(bench.answers.map((answer) => answer.id).toSorted(), [1, 2, 3, 4, 5]);
});

test('what replication, healing and applying ask for, and what consumers ask for, take turns', () => {
  const bench = new Bench(1);
  bench.tell(
    chunks(1, 0),
    chunks(2, 0),
    time(3),
    chunks(6, 0),
    entries(4),
    entries(5),
    entries(7),
    entries(8),
  );
  for (let n = 0; n < 20 && bench.reader.inspect()['running'] !== 0; n += 1) {
    if (bench.reads.length > 0) bench.loaded([records(1, 0, 1)]);
    else bench.found(undefined);
  }
  assert.equal(
    bench.answers.map((answer) => answer.id),
    [1, 4, 2, 5, 3, 7, 6, 8],
  );
});

test('a consumer is read for while a group catches up that never stops asking', () => {
  const bench = new Bench(1);
  let id = 100;
  bench.tell(entries(id));
  bench.tell(chunks(1, 0));
  for (let n = 0; n < 5 && bench.answers.every((answer) => answer.id !== 1); n += 1) {
    id += 1;
    bench.tell(entries(id));
    if (bench.reads.length > 0) bench.loaded([records(1, 0, 1)]);
    else bench.found(undefined);
  }
  assert.ok(bench.answers.some((answer) => answer.id === 1));
});

test('an answer holds no more chunks than were asked for', () => {
  const bench = new Bench();
  bench.tell(chunks(1, 10, { maxChunks: 2 }));
  bench.found(6);
  const request = bench.loaded([records(6, 10, 1), records(7, 11, 1)]);
  assert.is(request.maxEntries, 2);
  assert.is(bench.chunks().chunks.length, 2);
});

test('entries are answered with the incarnation and number of the question, damage and all', () => {
  const bench = new Bench();
  bench.tell(entries(9));
  const request = bench.loaded([records(1, 0, 1)], 2);
  assert.equal(request, { group: 1, from: 1, to: 9, maxBytes: 100, maxEntries: 5, cut: 'tail' });
  const [answer] = bench.answers;
  if (answer?.kind !== 'group-loaded') throw new Error('no entries came');
  assert.equal([answer.incarnation, answer.id, answer.bad, answer.entries.length], [7, 9, 2, 1]);
});

test('chunks are read from where the index finds the offset, commands left out, up to the last record wanted', () => {
  const bench = new Bench();
  bench.tell(chunks(1, 12, { upTo: offset(16) }));
  assert.is(bench.found(6).wanted, 12);
  const wanted = [records(6, 10, 3), records(8, 13, 3)];
  const request = bench.loaded([wanted[0] as Entry, command(7), wanted[1] as Entry, records(9, 16, 2)]);
  assert.equal([request.from, request.to, request.maxBytes], [6, 50, 1_000]);
  // One chunk may hold them all, or each chunk one of them.
  assert.is(request.maxEntries, 4);
  const answer = bench.chunks();
  assert.equal(
    answer.chunks,
    wanted.map((entry) => entry.bytes),
  );
  assert.equal([answer.id, answer.incarnation, answer.damaged], [1, 7, undefined]);
});

test('a chunk that does not hold the offset by which it was found is damage, and never served', () => {
  for (const wrong of [records(6, 13, 3), records(6, 9, 3)]) {
    const bench = new Bench();
    bench.tell(chunks(1, 12));
    bench.found(6);
    bench.loaded([wrong, records(7, 12, 3)]);
    const answer = bench.chunks();
    assert.equal([answer.chunks, answer.damaged], [[], 6]);
  }
});

test('what cannot be read, and what lies above the committed index, is damage', () => {
  const bench = new Bench();
  bench.tell(chunks(1, 12));
  bench.found(6);
  bench.loaded([], 6);
  assert.equal([bench.chunks().damaged], [6]);
  bench.tell(chunks(2, 12));
  bench.found(51);
  const above = bench.chunks();
  assert.equal([above.chunks.length, above.damaged], [0, 51]);
  bench.tell(chunks(3, 12));
  bench.found(undefined);
  const nowhere = bench.chunks();
  assert.equal([nowhere.chunks.length, nowhere.damaged], [0, 0]);
  assert.is(bench.reads.length, 0);
  assert.is(bench.reader.inspect()['running'], 0);
});

test('damage behind what can be served is told with it', () => {
  const bench = new Bench();
  bench.tell(chunks(1, 12));
  bench.found(6);
  bench.loaded([records(6, 12, 1)], 7);
  const answer = bench.chunks();
  assert.equal([answer.chunks, answer.damaged], [[records(6, 12, 1).bytes], 7]);
  bench.tell(chunks(2, 12, { at: logIndex(5) }));
  bench.loaded([command(5)], 6);
  const nothing = bench.chunks();
  assert.equal([nothing.chunks, nothing.damaged], [[], 6]);
  assert.is(bench.finds.length, 0, 'the index might lead past a command that is bad');
});

test('a reader that goes on where it was needs no index, unless the place turns out wrong', () => {
  const bench = new Bench();
  bench.tell(chunks(1, 12, { at: logIndex(5) }));
  assert.is(bench.finds.length, 0);
  bench.loaded([command(5), records(6, 12, 1)]);
  assert.equal(bench.chunks().chunks, [records(6, 12, 1).bytes]);
  bench.tell(chunks(2, 12, { at: logIndex(5) }));
  bench.loaded([command(5)]);
  assert.is(bench.answers.length, 0);
  bench.found(6);
  bench.loaded([records(6, 12, 1)]);
  assert.equal(bench.chunks().chunks, [records(6, 12, 1).bytes]);
  bench.tell(chunks(3, 12, { at: logIndex(51) }));
  assert.is(bench.finds.length, 1, 'a place above the committed index is not believed');
});

test('a time is found by the index and verified by reading', () => {
  const bench = new Bench();
  bench.tell(time(1));
  assert.is(bench.found(6).wanted, 1_234);
  const request = bench.loaded([records(6, 12, 1)]);
  assert.equal([request.from, request.to, request.maxEntries], [6, 6, 1]);
  const answer = bench.time();
  assert.equal([answer.chunk, answer.damaged], [records(6, 12, 1).bytes, undefined]);
  for (const nowhere of [undefined, 51]) {
    bench.tell(time(2));
    bench.found(nowhere);
    const none = bench.time();
    assert.equal([none.chunk, none.damaged], [undefined, undefined]);
  }
  bench.tell(time(4));
  bench.found(undefined, true);
  assert.equal(bench.time().damaged, 0, 'what cannot be looked up is not taken for missing');
  for (const bad of [6, undefined]) {
    bench.tell(time(3));
    bench.found(6);
    bench.loaded([], bad);
    const damaged = bench.time();
    assert.equal([damaged.chunk, damaged.damaged], [undefined, 6]);
  }
  assert.is(bench.reader.inspect()['running'], 0);
});

test.run();
