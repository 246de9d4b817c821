// A node that writes, dies and comes back, and a model of what it may find then. Nothing here runs unless the virtual
// clock is stepped, so a test can let it die between any two steps of the disk.
import * as assert from 'uvu/assert';
import type { GroupId } from '@callboard/client/protocol';
import type { GroupWrite, StoreAnswer } from '../../src/raft/log-store.ts';
import type { Entry, HardState, RecoveredLog } from '../../src/raft/types.ts';
import type { StoreOptions } from '../../src/storage/open-log-store.ts';
import type { DiskLogStore } from '../../src/storage/log-store.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { LogMaker, appendOf, birthOf, g1, g2, hardState, idOf, tailOf } from './kit.ts';
import type { TestNode } from './kit.ts';

interface GroupModel {
  /** What was answered, or found at an open since. */
  hard: HardState;
  entries: readonly Entry[];
  /** What is being written. */
  next: { readonly hard: HardState; readonly entries: readonly Entry[] } | undefined;
  born: 'no' | 'maybe' | 'yes';
  /** Was found damaged and has not been healed since; healing may be in flight. */
  damaged: 'no' | 'yes' | 'healing';
}

export interface WorkloadStats {
  starts: number;
  writes: number;
  clean: number;
  damaged: number;
  unknown: number;
  healed: number;
}

export interface WorkloadOptions {
  readonly node: TestNode;
  readonly seed: string | number;
  readonly store?: Partial<StoreOptions>;
  /** Whether a replica may be found damaged now. */
  readonly faults?: () => boolean;
}

export class JournalLostError extends Error {}

const groups: readonly GroupId[] = [g1, g2];

export class Workload {
  readonly stats: WorkloadStats = { starts: 0, writes: 0, clean: 0, damaged: 0, unknown: 0, healed: 0 };
  readonly #options: WorkloadOptions;
  readonly #random: SimRandom;
  readonly #models = new Map<GroupId, GroupModel>();
  readonly #documents = new Map<string, readonly string[]>();
  #store: DiskLogStore | undefined;
  #writesLeft = 0;
  #starts = 0;
  #done: () => void = () => undefined;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = new SimRandom(`workload-${String(options.seed)}`);
    for (const group of groups) {
      this.#models.set(group, {
        hard: hardState(0),
        entries: [],
        next: undefined,
        born: 'no',
        damaged: 'no',
      });
    }
  }

  /** Starts a process that checks what it finds, writes `writes` batches and calls `done`. */
  begin(writes: number, done: () => void): void {
    const { node, store } = this.#options;
    this.#writesLeft = writes;
    this.#done = done;
    node.storage.open(
      node.time.schedule,
      (opened) => {
        if (!opened.ok) throw new Error(`not opened: ${opened.detail}`);
        this.#store = opened.store;
        this.stats.starts += 1;
        assert.ok(opened.store.startCount > this.#starts, 'the start count rises');
        this.#starts = opened.store.startCount;
        this.#checkDocument(opened.store);
        this.#openNext(groups.length - 1);
      },
      store,
    );
  }

  #checkDocument(store: DiskLogStore): void {
    const found = store.document('doc') ?? '';
    const allowed = this.#documents.get('doc') ?? [''];
    assert.ok(allowed.includes(found), `document '${found}' is one of ${allowed.join()}`);
    this.#documents.set('doc', [found]);
  }

  #model(group: GroupId): GroupModel {
    return this.#models.get(group) as GroupModel;
  }

  #openNext(at: number): void {
    const group = groups[at];
    const store = this.#store as DiskLogStore;
    if (group === undefined) {
      this.#writeNext();
      return;
    }
    const model = this.#model(group);
    const born = store.replicas().some((birth) => birth.group === group);
    if (model.born === 'yes') assert.ok(born, `group ${String(group)} was born`);
    if (!born) {
      model.born = 'maybe';
      store.birth([birthOf(group)], (answer) => {
        this.#ok(answer);
        model.born = 'yes';
        this.#openNext(at);
      });
      return;
    }
    model.born = 'yes';
    store.open(group, (log) => this.#opened(group, log, () => this.#openNext(at - 1)));
  }

  #opened(group: GroupId, log: RecoveredLog, next: () => void): void {
    const model = this.#model(group);
    const before = { hard: model.hard, entries: model.entries };
    const { next: pending = before } = model;
    const where = `group ${String(group)}`;
    const matches = [before, pending].find((state) => sameHard(state.hard, log.hard));
    assert.ok(matches, `${where}: term and vote are those answered or in flight`);
    model.hard = log.hard;
    model.next = undefined;
    if (log.verdict.kind === 'journal-lost') throw new JournalLostError(`${where}: ${log.verdict.detail}`);
    if (log.verdict.kind === 'clean') {
      assert.is.not(model.damaged, 'yes', `${where}: damage is not forgotten`);
      model.damaged = 'no';
      this.stats.clean += 1;
      const state = [before, pending].find((known) => sameTail(known.entries, log.tail));
      assert.ok(
        state,
        `${where}: a clean log ends at ${String(log.tail.index)}, answered ${lengths(before, pending)}`,
      );
      model.entries = state?.entries ?? [];
      assert.is(log.highest, log.tail.index);
      this.#compare(group, model.entries, next);
      return;
    }
    this.#foundDamaged(group, log, [before.entries, pending.entries], next);
  }

  #foundDamaged(
    group: GroupId,
    log: RecoveredLog,
    known: readonly (readonly Entry[])[],
    next: () => void,
  ): void {
    const model = this.#model(group);
    const where = `group ${String(group)}`;
    if (log.verdict.kind !== 'damaged') throw new Error('not damaged');
    const expected = model.damaged !== 'no' || (this.#options.faults?.() ?? false);
    assert.ok(expected, `${where}: ${log.verdict.detail}`);
    model.damaged = 'yes';
    this.stats.damaged += 1;
    const { owed } = log.verdict;
    let truth = known[0] ?? [];
    if (owed.kind === 'unknown') this.stats.unknown += 1;
    else {
      const promised = known.find((entries) => sameTail(entries, owed.tail));
      assert.ok(
        promised,
        `${where}: owes ${String(owed.tail.index)}, promised ${known.map(({ length }) => length).join()}`,
      );
      truth = promised ?? [];
    }
    model.entries = truth;
    this.#heal(group, log, truth, next);
  }

  /** As a leader would: below what conflicts everything goes, the missing entries come, then it is whole. */
  #heal(group: GroupId, log: RecoveredLog, truth: readonly Entry[], next: () => void): void {
    if (this.#random.chance(0.3)) {
      next();
      return;
    }
    const model = this.#model(group);
    const store = this.#store as DiskLogStore;
    const agreed = truth[log.tail.index - 1]?.checksum === log.tail.checksum ? log.tail.index : 0;
    const missing = truth.slice(agreed);
    const first = missing.slice(0, this.#random.below(missing.length + 1));
    const rest = missing.slice(first.length);
    const from = (truth[agreed]?.index ?? agreed + 1) as Entry['index'];
    const repair = appendOf(group, first, {
      truncateFrom: from,
      tail: undefined,
      hard: raised(model.hard, truth),
    });
    const heal = appendOf(group, rest, { tail: tailOf(truth.at(-1)), healed: true });
    store.write([repair], (stored) => {
      this.#ok(stored);
      model.damaged = 'healing';
      store.write([heal], (healed) => {
        this.#ok(healed);
        model.damaged = 'no';
        this.stats.healed += 1;
        this.#compare(group, truth, next);
      });
    });
  }

  #compare(group: GroupId, entries: readonly Entry[], next: () => void): void {
    const store = this.#store as DiskLogStore;
    const last = entries.at(-1);
    if (last === undefined) {
      next();
      return;
    }
    const request = {
      group,
      from: entries[0]?.index ?? last.index,
      to: last.index,
      maxBytes: 1 << 24,
      maxEntries: 10_000,
    };
    store.readEntries({ ...request, cut: this.#random.chance(0.5) ? 'tail' : 'head' }, (answer) => {
      assert.is(answer.bad, undefined);
      assert.equal(
        answer.entries.map(({ checksum }) => checksum),
        entries.map(({ checksum }) => checksum),
      );
      next();
    });
  }

  #writeNext(): void {
    const store = this.#store as DiskLogStore;
    if (this.#writesLeft === 0) {
      this.#done();
      return;
    }
    this.#writesLeft -= 1;
    if (this.#random.chance(0.1)) {
      this.#saveDocument(store);
      return;
    }
    const batch = groups.flatMap((group): GroupWrite[] =>
      this.#random.chance(0.7) ? this.#propose(group) : [],
    );
    store.write(batch, (answer) => {
      this.#ok(answer);
      for (const { group } of batch) {
        const model = this.#model(group);
        Object.assign(model, model.next, { next: undefined });
      }
      this.stats.writes += 1;
      if (this.#random.chance(0.1)) this.#options.node.time.schedule(1_500, () => this.#writeNext());
      else this.#writeNext();
    });
  }

  #saveDocument(store: DiskLogStore): void {
    const text = String(this.#random.below(1_000_000));
    this.#documents.set('doc', [...(this.#documents.get('doc') ?? ['']), text]);
    store.saveDocument('doc', text, (answer) => {
      this.#ok(answer);
      this.#documents.set('doc', [text]);
      this.#writeNext();
    });
  }

  #propose(group: GroupId): GroupWrite[] {
    const model = this.#model(group);
    if (model.damaged !== 'no') return [];
    const log = new LogMaker(group, model.entries);
    const truncates = log.entries.length > 0 && this.#random.chance(0.25);
    const raise = truncates || model.hard.term === 0 || this.#random.chance(0.1);
    const hard = raise
      ? hardState(model.hard.term + 1, this.#random.chance(0.5) ? idOf('v') : undefined)
      : model.hard;
    const keep = truncates ? this.#random.below(log.entries.length) : log.entries.length;
    log.cut(keep + 1);
    const count = this.#random.chance(0.1) && !truncates ? 0 : 1 + this.#random.below(4);
    const entries = log.appendMany(count, {
      term: hard.term,
      records: this.#random.below(3),
      bodyBytes: this.#random.below(60),
    });
    model.next = { hard, entries: log.entries };
    const truncateFrom = truncates ? ((keep + 1) as Entry['index']) : undefined;
    return [appendOf(group, entries, { truncateFrom, hard: raise ? hard : undefined })];
  }

  #ok(answer: StoreAnswer): void {
    if (!answer.ok) throw new Error(answer.detail);
  }
}

/** Runs one life of the process for at most `steps` steps; false if it had not done its writes by then. */
export function live(node: TestNode, workload: Workload, writes: number, steps: number = Infinity): boolean {
  const state = { finished: false };
  workload.begin(writes, () => {
    state.finished = true;
  });
  for (let left = steps; !state.finished && left > 0; left -= 1) {
    if (!node.time.step()) throw new Error('nothing is left to happen, yet the work is not done');
  }
  return state.finished;
}

function raised(hard: HardState, entries: readonly Entry[]): HardState | undefined {
  const last = entries.at(-1)?.term ?? hard.term;
  return last > hard.term ? { term: last, vote: undefined } : undefined;
}

function sameHard(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote;
}

function sameTail(
  entries: readonly Entry[],
  tail: { readonly index: number; readonly checksum: number },
): boolean {
  return entries.length === tail.index && (entries.at(-1)?.checksum ?? 0) === tail.checksum;
}

function lengths(...states: readonly { readonly entries: readonly Entry[] }[]): string {
  return states.map(({ entries }) => entries.length).join(' or ');
}
