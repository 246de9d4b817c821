/** A LogStore that tells what was asked of it and answered; it changes nothing. */
import type { GroupId, Offset, ReplicaId } from '@callboard/client/protocol';
import type {
  Birth,
  EntriesAnswer,
  EntriesRequest,
  LogStore,
  OffsetAnswer,
  RecoveredLog,
  StoreAnswer,
  StoreBatch,
} from '../../src/raft/index.ts';

export interface StoreObserver {
  born(births: readonly Birth[]): void;
  dying(groups: readonly GroupId[]): void;
  died(groups: readonly GroupId[]): void;
  /** What the journal knows at a start: the replicas that live here, and up to which group others have died. */
  found(births: readonly Birth[], diedUpTo: number): void;
  /** A write is about to begin. */
  writing(batch: StoreBatch): void;
  written(batch: StoreBatch, answer: StoreAnswer): void;
  opening(group: GroupId): void;
  opened(group: GroupId, log: RecoveredLog): void;
  read(request: EntriesRequest, answer: EntriesAnswer): void;
}

export class ObservedStore implements LogStore {
  readonly #store: LogStore;
  readonly #observer: StoreObserver;

  constructor(store: LogStore, observer: StoreObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  get journalId(): ReplicaId {
    return this.#store.journalId;
  }

  get startCount(): number {
    return this.#store.startCount;
  }

  write(batch: StoreBatch, done: (answer: StoreAnswer) => void): void {
    this.#observer.writing(batch);
    this.#store.write(batch, (answer) => {
      this.#observer.written(batch, answer);
      done(answer);
    });
  }

  birth(births: readonly Birth[], done: (answer: StoreAnswer) => void): void {
    this.#observer.born(births);
    this.#store.birth(births, done);
  }

  death(groups: readonly GroupId[], done: (answer: StoreAnswer) => void): void {
    this.#observer.dying(groups);
    this.#store.death(groups, (answer) => {
      if (answer.ok) this.#observer.died(groups);
      done(answer);
    });
  }

  get diedUpTo(): number {
    return this.#store.diedUpTo;
  }

  readEntries(request: EntriesRequest, done: (answer: EntriesAnswer) => void): void {
    this.#store.readEntries(request, (answer) => {
      this.#observer.read(request, answer);
      done(answer);
    });
  }

  findOffset(group: GroupId, offset: Offset, done: (answer: OffsetAnswer) => void): void {
    this.#store.findOffset(group, offset, done);
  }

  findTime(group: GroupId, timestamp: number, done: (answer: OffsetAnswer) => void): void {
    this.#store.findTime(group, timestamp, done);
  }

  open(group: GroupId, done: (log: RecoveredLog) => void): void {
    this.#observer.opening(group);
    this.#store.open(group, (log) => {
      this.#observer.opened(group, log);
      done(log);
    });
  }

  replicas(): readonly Birth[] {
    const births = this.#store.replicas();
    this.#observer.found(births, this.#store.diedUpTo);
    return births;
  }

  saveDocument(name: string, text: string, done: (answer: StoreAnswer) => void): void {
    this.#store.saveDocument(name, text, done);
  }

  document(name: string): string | undefined {
    return this.#store.document(name);
  }

  lowSpace(): boolean {
    return this.#store.lowSpace();
  }

  spaceSpent(): boolean {
    return this.#store.spaceSpent();
  }

  memorySpent(): boolean {
    return this.#store.memorySpent();
  }

  memoryFull(): boolean {
    return this.#store.memoryFull();
  }

  close(done: () => void): void {
    this.#store.close(done);
  }
}
