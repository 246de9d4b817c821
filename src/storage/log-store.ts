/**
 * The LogStore on an engine and a journal. `open-log-store.ts` makes one.
 *
 * Order of a write: hard records, synced in both journal files; one synced engine batch; its tail record, appended
 * to both journal files; for a healed replica its "normal again", synced; the answer. So at any crash the journal's term
 * is not below the log's, nothing that was answered is missing from the engine, and a replica is either still known as
 * damaged or whole and durable.
 *
 * Logs whose entries are kept in memory go the same way beside it: hard records, synced; one batch of the engine in memory;
 * a tail record of their own, not synced; the answer. After the process their entries are gone and the journal tells what is owed.
 *
 * Everything that writes goes through one lane. Any error there ends the store: what was written last is in doubt.
 */
import type { Crc32, GroupId, Offset, ReplicaId } from '@callboard/client/protocol';
import type {
  Birth,
  EntriesAnswer,
  EntriesRequest,
  LogStore,
  OffsetAnswer,
  StoreAnswer,
  StoreBatch,
} from '../raft/log-store.ts';
import type { RecoveredLog } from '../raft/types.ts';
import { BatchPlan } from './batch-plan.ts';
import type { Plan } from './batch-plan.ts';
import { TailLedger } from './tail-ledger.ts';
import type { Engine } from './engine.ts';
import type { AppendFiles } from './files.ts';
import { Finder } from './finder.ts';
import type { Journal } from './journal.ts';
import type { JournalRecord, ReplicaState, StateChange } from './journal-state.ts';
import { Lane } from './lane.ts';
import { openLog } from './log-opening.ts';
import type { OpenLog } from './open-log.ts';
import { Purges } from './purge.ts';
import { EntriesRead } from './reader.ts';
import { series } from './series.ts';
import type { Done, Step } from './series.ts';
import { assertBatch, hardChanges, healedChanges, needsEngine, newTails } from './store-batch.ts';

export interface StoreParts {
  readonly engine: Engine;
  /** Of the logs that are kept in memory; empty when it comes. */
  readonly memory: Engine;
  /** Bytes of entries that it may hold before it is called full. */
  readonly memoryBytes: number;
  readonly journal: Journal;
  readonly files: AppendFiles;
  readonly crc32: Crc32;
  /** Runs a function later; 0 means soon. Never within the call. */
  readonly schedule: (delayMs: number, callback: () => void) => void;
  readonly lowSpace: () => boolean;
  readonly spaceSpent: () => boolean;
  /** Told once, when the store fails: also for failures that no caller waits for. */
  readonly failed: (detail: string) => void;
  /** How long tail records may wait for their sync; 0: each is synced before its batch is answered. */
  readonly tailSyncMs: number;
  readonly walkPageBytes: number;
  readonly indexGapBytes: number;
}

const ok: StoreAnswer = { ok: true };
const diedDocument = 'died-up-to';
/** Of the bound on records in memory: what cursors and leaderships may take beyond it. */
const memoryReserveShare = 1 / 16;

export class DiskLogStore implements LogStore {
  readonly #parts: StoreParts;
  readonly #engine: Engine;
  readonly #journal: Journal;
  readonly #lane = new Lane();
  readonly #logs = new Map<GroupId, OpenLog>();
  readonly #ledger: TailLedger;
  #failure: string | undefined;
  #closed = false;
  #writing = false;
  #tailSyncScheduled = false;
  readonly #purges: Purges;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#engine = parts.engine;
    this.#journal = parts.journal;
    this.#ledger = new TailLedger(parts.journal, parts.crc32);
    this.#purges = new Purges({
      schedule: parts.schedule,
      // Born anew meanwhile: what is stored is not all of a dead one.
      isDue: (group) => !this.#closed && !this.#journal.state.replicas.has(group),
      job: (step, then) => this.#job([step], then),
    });
  }

  get journalId(): ReplicaId {
    return this.#journal.state.journalId;
  }

  get startCount(): number {
    return this.#journal.state.startCount;
  }

  replicas(): readonly Birth[] {
    return [...this.#journal.state.replicas.values()]
      .map(({ group, replica, members, storage }) => ({ group, replica, members, storage }))
      .toSorted((a, b) => a.group - b.group);
  }

  document(name: string): string | undefined {
    return this.#journal.state.documents.get(name);
  }

  lowSpace(): boolean {
    return this.#parts.lowSpace();
  }

  spaceSpent(): boolean {
    return this.#parts.spaceSpent();
  }

  memoryFull(): boolean {
    return (this.#parts.memory.bytes ?? 0) >= this.#parts.memoryBytes;
  }

  memorySpent(): boolean {
    return (this.#parts.memory.bytes ?? 0) >= this.#parts.memoryBytes * (1 + memoryReserveShare);
  }

  #inMemory(group: GroupId): boolean {
    return this.#journal.state.replicas.get(group)?.storage === 'memory';
  }

  #engineOf(group: GroupId): Engine {
    return this.#inMemory(group) ? this.#parts.memory : this.#engine;
  }

  write(batch: StoreBatch, done: (answer: StoreAnswer) => void): void {
    if (this.#writing) throw new Error('a write is in flight already');
    assertBatch(batch, this.#journal.state.replicas, this.#logs, this.#parts.crc32);
    this.#writing = true;
    const steps: Step[] = [
      (next) => this.#journalStates(hardChanges(batch, this.#journal.state.replicas), next),
    ];
    const inMemory = batch.filter((write) => this.#inMemory(write.group));
    const onDisk = inMemory.length === 0 ? batch : batch.filter((write) => !this.#inMemory(write.group));
    for (const part of [onDisk, inMemory]) {
      if (needsEngine(part, this.#journal.state.replicas)) {
        steps.push((next) => this.#writeEngine(part, part === inMemory, next));
      }
    }
    if (batch.some((write) => write.healed)) {
      steps.push((next) => this.#journalStates(healedChanges(batch, this.#journal.state), next));
    }
    this.#job(steps, (answer) => {
      this.#writing = false;
      done(answer);
    });
  }

  #journalStates(states: readonly StateChange[], next: Done): void {
    if (states.length === 0) next(undefined);
    else this.#journal.hard([{ kind: 'states', states }], next);
  }

  #writeEngine(batch: StoreBatch, inMemory: boolean, next: Done): void {
    const engine = inMemory ? this.#parts.memory : this.#engine;
    const { crc32, indexGapBytes: gapBytes } = this.#parts;
    const plan = new BatchPlan({ engine, crc32, gapBytes });
    plan.make(
      batch,
      (group) => this.#logs.get(group) as OpenLog,
      (error, made) => {
        if (error !== undefined) next(error);
        else this.#commit(made, batch, inMemory, next);
      },
    );
  }

  #commit(plan: Plan, batch: StoreBatch, inMemory: boolean, next: Done): void {
    const steps = inMemory ? this.#memorySteps(plan, batch) : this.#engineSteps(plan, batch);
    if (this.#parts.tailSyncMs === 0) steps.push((then) => this.#journal.syncTails(then));
    series(steps, (error) => {
      if (error === undefined) for (const [group, log] of plan.logs) this.#logs.set(group, log);
      next(error);
    });
  }

  #engineSteps(plan: Plan, batch: StoreBatch): Step[] {
    const { record, ops } = this.#ledger.next(newTails(batch));
    return [
      (then) => this.#engine.batch([...plan.ops, ...ops], then),
      (then) => this.#journal.tails(record, then),
    ];
  }

  #memorySteps(plan: Plan, batch: StoreBatch): Step[] {
    const tails = newTails(batch);
    const steps: Step[] = [(then) => this.#parts.memory.batch(plan.ops, then)];
    if (tails.length > 0) steps.push((then) => this.#journal.memoryTails(tails, then));
    return steps;
  }

  birth(births: readonly Birth[], done: (answer: StoreAnswer) => void): void {
    const { replicas, sequence } = this.#journal.state;
    const fresh = births.filter((birth) => {
      const known = replicas.get(birth.group);
      // Only a lost replica may be succeeded, by a member with a new id; it begins with an empty log of its own.
      if (known !== undefined && known.replica !== birth.replica && known.condition !== 'lost') {
        throw new Error(`group ${String(birth.group)} already has replica ${known.replica} here`);
      }
      return known?.replica !== birth.replica;
    });
    for (const birth of fresh) this.#logs.delete(birth.group);
    const stored = fresh.map((birth) => ({ ...birth, storage: birth.storage ?? ('disk' as const) }));
    this.#hard(fresh.length === 0 ? [] : [{ kind: 'births', sequence, births: stored }], done);
  }

  get diedUpTo(): number {
    return Number(this.#journal.state.documents.get(diedDocument) ?? '0');
  }

  /** The document first: if only it survives, a replica is known that is not born again. */
  death(groups: readonly GroupId[], done: (answer: StoreAnswer) => void): void {
    const { replicas } = this.#journal.state;
    const dying = groups.filter((group) => replicas.has(group));
    for (const group of dying) this.#logs.delete(group);
    const records: JournalRecord[] = dying.length === 0 ? [] : [{ kind: 'deaths', groups: dying }];
    const upTo = Math.max(this.diedUpTo, ...groups);
    if (upTo > this.diedUpTo) {
      records.unshift({ kind: 'document', name: diedDocument, text: String(upTo) });
    }
    this.#hard(records, (answer) => {
      if (answer.ok) {
        // The journal no longer says where a dead one was kept.
        for (const group of groups) for (const engine of this.#engines) this.#purges.add(engine, group);
      }
      done(answer);
    });
  }

  get #engines(): readonly Engine[] {
    return [this.#engine, this.#parts.memory];
  }

  saveDocument(name: string, text: string, done: (answer: StoreAnswer) => void): void {
    this.#hard([{ kind: 'document', name, text }], done);
  }

  #hard(records: readonly JournalRecord[], done: (answer: StoreAnswer) => void): void {
    this.#job(records.length === 0 ? [] : [(next) => this.#journal.hard(records, next)], done);
  }

  readEntries(request: EntriesRequest, done: (answer: EntriesAnswer) => void): void {
    if (this.#isDead(request.group)) {
      this.#parts.schedule(0, () => done({ entries: [], bad: request.from }));
      return;
    }
    const log = this.#replica(request.group);
    if (request.from > request.to || request.maxEntries < 1) {
      this.#parts.schedule(0, () => done({ entries: [], bad: undefined }));
      return;
    }
    const engine = this.#engineOf(request.group);
    new EntriesRead({ engine, crc32: this.#parts.crc32, log }, request, done).start();
  }

  findOffset(group: GroupId, offset: Offset, done: (answer: OffsetAnswer) => void): void {
    if (this.#isDead(group)) this.#parts.schedule(0, () => done({ index: undefined }));
    else this.#finder(group).byOffset(offset, done);
  }

  findTime(group: GroupId, timestamp: number, done: (answer: OffsetAnswer) => void): void {
    if (this.#isDead(group)) this.#parts.schedule(0, () => done({ index: undefined }));
    else this.#finder(group).byTime(timestamp, done);
  }

  #finder(group: GroupId): Finder {
    const { crc32, indexGapBytes: gapBytes } = this.#parts;
    const context = { engine: this.#engineOf(group), crc32, log: this.#replica(group) };
    return new Finder(context, { gapBytes, exactTo: this.#logs.get(group)?.exactTo ?? 0 });
  }

  /** Its replica may have died here: whoever still asks for its log is on the way out too. */
  #isDead(group: GroupId): boolean {
    return group <= this.diedUpTo && !this.#journal.state.replicas.has(group);
  }

  #replica(group: GroupId): ReplicaState {
    const replica = this.#journal.state.replicas.get(group);
    if (replica === undefined) throw new Error(`no replica of group ${String(group)} was born here`);
    return replica;
  }

  open(group: GroupId, done: (log: RecoveredLog) => void): void {
    const replica = this.#replica(group);
    const { crc32, walkPageBytes: pageBytes, indexGapBytes: gapBytes } = this.#parts;
    const engine = this.#engineOf(group);
    this.#logs.delete(group);
    openLog({ engine, crc32, pageBytes, gapBytes }, replica, ({ recovered, log, change, fixes }) => {
      const steps: Step[] = [];
      if (change !== undefined) steps.push((next) => this.#journalStates([change], next));
      // Derived keys only: they promise nothing, so they have no tail record.
      for (const ops of fixes) steps.push((next) => engine.batch(ops, next));
      // Most logs need nothing; these are answered without a detour.
      if (steps.length === 0 && this.#failure === undefined && !this.#closed) {
        this.#logs.set(group, log);
        done(recovered);
        return;
      }
      this.#job(steps, (answer) => {
        if (answer.ok) this.#logs.set(group, log);
        // Without its record in the journal a verdict does not stand: the replica must stay out, the node must end.
        done(
          answer.ok ? recovered : { ...recovered, verdict: { kind: 'journal-lost', detail: answer.detail } },
        );
      });
    });
  }

  close(done: () => void): void {
    const wasOpen = !this.#closed;
    this.#lane.run((release) => {
      const finish = (): void =>
        this.#parts.files.close(() => {
          release();
          done();
        });
      this.#closed = true;
      if (!wasOpen) {
        release();
        this.#parts.schedule(0, done);
        return;
      }
      const closeEngines = (): void => this.#engine.close(() => this.#parts.memory.close(finish));
      if (this.#failure !== undefined) closeEngines();
      else this.#journal.hard([{ kind: 'closed' }], closeEngines);
    });
  }

  /** Runs the steps in the lane and answers; the first error fails the store. */
  #job(steps: readonly Step[], done: (answer: StoreAnswer) => void): void {
    this.#lane.run((release) => {
      const finish: Done = (error) => {
        if (error !== undefined) this.#fail(error);
        release();
        this.#afterJob();
        done(this.#failure === undefined ? ok : { ok: false, code: 'storage_failed', detail: this.#failure });
      };
      if (this.#closed) this.#failure ??= 'the store was closed';
      // Never within the call, also when there turns out to be nothing to do.
      let within = true;
      series(this.#failure === undefined ? steps : [], (error) => {
        if (within) this.#parts.schedule(0, () => finish(error));
        else finish(error);
      });
      within = false;
    });
  }

  #afterJob(): void {
    if (this.#failure !== undefined) return;
    if (this.#journal.needsCompaction && this.#lane.idle) {
      this.#job([(next) => this.#journal.install(false, next)], () => undefined);
    }
    if (this.#tailSyncScheduled || this.#journal.tailsDurable) return;
    this.#tailSyncScheduled = true;
    this.#parts.schedule(this.#parts.tailSyncMs, () => {
      this.#tailSyncScheduled = false;
      if (this.#closed || this.#journal.tailsDurable) return;
      this.#job([(next) => this.#journal.syncTails(next)], () => undefined);
    });
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error.message;
    this.#parts.failed(error.message);
  }
}
