import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LogWriter } from '../../../src/actors/log-writer/log-writer.ts';
import type { LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import { refTo, type Context } from '../../../src/kernel/index.ts';
import type {
  Birth,
  GroupWrite,
  LogStore,
  RecoveredLog,
  StoreAnswer,
  StoreBatch,
} from '../../../src/raft/index.ts';
import { groupId, logIndex, replicaId, term } from '@callboard/client/protocol';
import { emptyDraft, entryOf } from '../../lib/chunks.ts';

const test = suite('log-writer (DESIGN 7: one batch in flight)');

type Done = (answer: StoreAnswer) => void;

/** A store by hand, and the context that its actor runs in. */
class Bench {
  readonly writes: { readonly batch: StoreBatch; readonly done: Done }[] = [];
  readonly births: { readonly births: readonly Birth[]; readonly done: Done }[] = [];
  readonly deaths: { readonly groups: readonly number[]; readonly done: Done }[] = [];
  readonly saves: { readonly done: Done }[] = [];
  readonly opens: { readonly group: number; readonly done: (log: RecoveredLog) => void }[] = [];
  readonly sent: { readonly kind: string; readonly token?: number; readonly incarnation?: number }[] = [];
  readonly #queue: LogWriterMessage[] = [];
  readonly #writer: LogWriter;
  readonly #context: Context<LogWriterMessage>;

  constructor(batchEntries = 1_024) {
    const store: Partial<LogStore> = {
      write: (batch, done) => void this.writes.push({ batch, done }),
      birth: (births, done) => void this.births.push({ births, done }),
      death: (groups, done) => void this.deaths.push({ groups, done }),
      saveDocument: (_name, _text, done) => void this.saves.push({ done }),
      open: (group, done) => void this.opens.push({ group, done }),
    };
    this.#writer = new LogWriter({ store: store as LogStore, batchEntries, batchBytes: 1 << 20 });
    const self = refTo<LogWriterMessage>('n', 'log-writer');
    const send = (to: unknown, message: unknown): 'accepted' => {
      if (to === self) this.#queue.push(message as LogWriterMessage);
      else this.sent.push(message as { kind: string });
      return 'accepted';
    };
    this.#context = { self, send } as unknown as Context<LogWriterMessage>;
  }

  tell(...messages: readonly LogWriterMessage[]): void {
    this.#queue.push(...messages);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#writer.receive(next, this.#context);
    }
  }

  finish(answer: StoreAnswer = { ok: true }): void {
    const running = this.writes.shift() ?? this.births.shift() ?? this.deaths.shift();
    if (running === undefined) throw new Error('nothing is in flight');
    running.done(answer);
    this.tell();
  }
}

function write(
  group: number,
  token: number,
  index: number,
  more: Partial<GroupWrite> = {},
): LogWriterMessage {
  const entries = [entryOf(emptyDraft('noop'), { group, index })];
  const plain = { truncateFrom: undefined, hard: undefined, tail: undefined, healed: false };
  return {
    kind: 'log-write',
    replyTo: refTo('n', `partition/${group}`),
    incarnation: 1,
    token,
    write: { group: groupId(group), entries, ...plain, ...more },
  };
}

function open(group: number): LogWriterMessage {
  return {
    kind: 'log-open',
    replyTo: refTo('n', `partition/${group}`),
    incarnation: 2,
    group: groupId(group),
  };
}

function birth(group: number): LogWriterMessage {
  const born = { group: groupId(group), replica: replicaId('a'.repeat(32)), members: '[]' };
  return { kind: 'log-birth', replyTo: refTo('n', 'manager'), births: [born] };
}

test('what comes while a batch is in flight gathers into the next one', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1), write(2, 1, 1), write(1, 2, 2), write(1, 3, 3));
  assert.is(bench.writes.length, 1);
  assert.is(bench.writes[0]?.batch.length, 1);
  bench.finish();
  assert.is(bench.writes.length, 1);
  const groups = bench.writes[0]?.batch.map(({ group, entries }) => [group, entries.map((e) => e.index)]);
  assert.equal(groups, [
    [2, [1]],
    [1, [2, 3]],
  ]);
});

test('nothing is told to be written before the store has answered, then the newest token of each group', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1), write(1, 2, 2), write(1, 3, 3));
  assert.is(bench.sent.length, 0);
  bench.finish();
  assert.equal(bench.sent, [{ kind: 'group-written', incarnation: 1, token: 1 }]);
  bench.finish();
  assert.equal(bench.sent.at(-1), { kind: 'group-written', incarnation: 1, token: 3 });
});

test('a batch takes at least one request and no more than its limit', () => {
  const bench = new Bench(2);
  bench.tell(...[1, 2, 3, 4, 5].map((token) => write(1, token, token)));
  const sizes: number[] = [];
  while (bench.writes.length > 0) {
    sizes.push(bench.writes[0]?.batch[0]?.entries.length ?? 0);
    bench.finish();
  }
  assert.equal(sizes, [1, 2, 2]);
});

test('a log is not walked while a write of its group is queued or in flight', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1), write(1, 2, 2), open(1), open(2));
  assert.equal(
    bench.opens.map(({ group }) => group),
    [2],
  );
  bench.finish();
  assert.is(bench.opens.length, 1, 'the second write is in flight now');
  bench.finish();
  assert.equal(
    bench.opens.map(({ group }) => group),
    [2, 1],
  );
});

test('births of several askers are journaled together, and each is told', () => {
  const bench = new Bench();
  bench.tell(write(9, 1, 1), birth(1), birth(2), birth(2));
  bench.finish();
  assert.equal(
    bench.births[0]?.births.map(({ group }) => group),
    [1, 2],
  );
  bench.finish();
  assert.is(bench.sent.filter(({ kind }) => kind === 'log-born').length, 3);
});

test('a death drops what its group has queued, and waits for what is in flight and for its walk', () => {
  const bench = new Bench();
  const death: LogWriterMessage = { kind: 'log-death', replyTo: refTo('n', 'manager'), groups: [groupId(1)] };
  bench.tell(open(1), write(2, 1, 1), write(1, 1, 1), write(2, 2, 2), death);
  bench.finish();
  assert.is(bench.deaths.length, 0, 'its walk has not ended');
  assert.equal(
    bench.writes[0]?.batch.map(({ group }) => group),
    [2],
  );
  bench.opens[0]?.done({} as RecoveredLog);
  bench.tell();
  assert.is(bench.deaths.length, 0, 'a write is in flight');
  bench.finish();
  assert.equal(
    bench.deaths.map(({ groups }) => groups),
    [[1]],
  );
  assert.is(bench.sent.filter(({ kind }) => kind === 'log-died').length, 0);
  bench.finish();
  assert.is(bench.sent.filter(({ kind }) => kind === 'log-died').length, 1);
});

test('a document is saved after the births and deaths that were asked for before it', () => {
  const bench = new Bench();
  const death: LogWriterMessage = { kind: 'log-death', replyTo: refTo('n', 'manager'), groups: [groupId(1)] };
  const save: LogWriterMessage = { kind: 'log-save', replyTo: refTo('n', 'manager'), name: 'd', text: 't' };
  bench.tell(open(1), birth(2), death, save);
  bench.finish();
  assert.is(bench.saves.length, 0, 'the death waits for a walk');
  bench.opens[0]?.done({} as RecoveredLog);
  bench.tell();
  assert.is(bench.deaths.length, 1);
  assert.is(bench.saves.length, 0, 'the death is in flight');
  bench.finish();
  assert.is(bench.saves.length, 1);
});

test('a truncation that follows in the same batch removes what it cuts off', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1), write(1, 2, 2), write(1, 3, 3), write(1, 4, 2, { truncateFrom: logIndex(2) }));
  bench.finish();
  const [part] = bench.writes[0]?.batch ?? [];
  assert.equal(
    part?.entries.map((entry) => entry.index),
    [2],
  );
  assert.is(part?.truncateFrom, 2);
});

test('hard state alone is written too', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1, { entries: [], hard: { term: term(4), vote: undefined } }));
  assert.is(bench.writes.length, 1);
});

test('a failed store ends the actor: nothing is told, nothing is tried again', () => {
  const bench = new Bench();
  bench.tell(write(1, 1, 1), write(1, 2, 2));
  assert.throws(
    () => bench.finish({ ok: false, code: 'storage_failed', detail: 'EIO' }),
    /storage_failed: EIO/,
  );
  assert.is(bench.sent.length, 0);
  assert.is(bench.writes.length, 0);
});

test.run();
