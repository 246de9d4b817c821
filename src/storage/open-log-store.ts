/**
 * Opens a store: reads the journal, opens the engine, settles what every replica owes, writes the new start into both
 * journal files as a base record, and proves with a first batch that the engine takes writes.
 */
import type { Crc32, ReplicaId } from '@callboard/client/protocol';
import { encodeIdentity, readEngineFindings } from './engine-tails.ts';
import type { EngineFindings } from './engine-tails.ts';
import type { Engine, EngineHost, EngineOp } from './engine.ts';
import type { AppendFiles } from './files.ts';
import { recoverJournal } from './journal-recovery.ts';
import type { FoundJournal } from './journal-recovery.ts';
import { Journal, journalNames } from './journal.ts';
import type { JournalState } from './journal-state.ts';
import { identityKey } from './keys.ts';
import { DiskLogStore } from './log-store.ts';
import { series } from './series.ts';
import type { Done, Step } from './series.ts';
import { settle } from './settle.ts';
import { TailLedger } from './tail-ledger.ts';

export interface StoreOptions {
  readonly host: EngineHost;
  /** Of the logs that are kept in memory: a new one for each process. */
  readonly memory: EngineHost;
  readonly memoryBytes: number;
  readonly files: AppendFiles;
  readonly crc32: Crc32;
  /** Runs a function later; 0 means soon. Never within the call. */
  readonly schedule: (delayMs: number, callback: () => void) => void;
  /** Draws the id of a new journal. */
  readonly drawId: () => ReplicaId;
  /** Differs from one boot of the machine to the next; '' when that cannot be told. */
  readonly bootId: string;
  readonly lowSpace?: () => boolean;
  readonly spaceSpent?: () => boolean;
  /** Told once if the store fails, also where no caller waits. */
  readonly failed?: (detail: string) => void;
  readonly tailSyncMs?: number;
  readonly journalBytes?: number;
  readonly walkPageBytes?: number;
  /** How far apart the points of the offset index are: an HTTP consume of one record walks half of it, so 64 KiB halved their rate. */
  readonly indexGapBytes?: number;
}

export type StoreOpened =
  | { readonly ok: true; readonly store: DiskLogStore; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly code: 'storage_failed'; readonly detail: string };

export function openLogStore(options: StoreOptions, done: (opened: StoreOpened) => void): void {
  new Opening(options, done).start();
}

const noFindings: EngineFindings = {
  readable: true,
  tails: new Map(),
  unsound: [],
  tailKeys: [],
  identity: undefined,
  empty: true,
};

class Opening {
  readonly #options: StoreOptions;
  readonly #done: (opened: StoreOpened) => void;
  readonly #warnings: string[] = [];
  #found: FoundJournal | undefined;
  #engine: Engine | undefined;
  #memory: Engine | undefined;
  #engineLost = false;
  #findings: EngineFindings = noFindings;

  constructor(options: StoreOptions, done: (opened: StoreOpened) => void) {
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    this.#run([
      (next) => this.#readJournal(next),
      (next) => this.#openEngine(next),
      (next) => this.#readEngine(next),
      (next) => this.#openMemory(next),
    ]);
  }

  #run(steps: readonly Step[]): void {
    series(steps, (error) => {
      if (error === undefined) this.#install();
      else this.#refuse(error);
    });
  }

  /**
   * LevelDB compacts while it is being opened, so it may be the first batch that meets a damaged table. The engine opened anew
   * then says so; it is set aside, and the start begins again with the journal as this attempt has left it, as the next start would.
   */
  #afterFailedBatch(error: Error): void {
    const engine = this.#engine as Engine;
    this.#engine = undefined;
    const look = (): void =>
      this.#options.host.open((opened) => {
        if (opened.ok) this.#engine = opened.engine;
        if (opened.ok || !opened.damaged || this.#engineLost) {
          this.#refuse(error);
          return;
        }
        this.#run([
          (next) => this.#setAside(opened.detail, next),
          (next) => this.#readJournal(next),
          (next) => this.#readEngine(next),
        ]);
      });
    engine.close(look);
  }

  #refuse(error: Error): void {
    const answer = (): void => this.#done({ ok: false, code: 'storage_failed', detail: error.message });
    if (this.#engine === undefined) answer();
    else this.#engine.close(answer);
  }

  #readJournal(next: Done): void {
    const { files, crc32 } = this.#options;
    const [first, second] = journalNames;
    files.read(first, (error, one) => {
      files.read(second, (problem, two) => {
        // A file that cannot be read counts as a bad copy; the other may be sound.
        const unreadable = [error, problem].filter((failure) => failure !== undefined);
        for (const failure of unreadable) {
          this.#warnings.push(`a journal file cannot be read: ${failure.message}`);
        }
        if (unreadable.length === 2) {
          next(new Error(`neither journal file can be read: ${unreadable[0]?.message ?? ''}`));
          return;
        }
        const recovered = recoverJournal([one, two], crc32);
        if (recovered.kind === 'found') {
          this.#found = recovered.found;
          if (recovered.found.repaired) this.#warnings.push('a journal file was repaired from the other');
        }
        if (recovered.kind !== 'unreadable') {
          next(undefined);
          return;
        }
        this.#warnings.push(
          'both journal files are unsound: this node has lost its journal and begins a new one',
        );
        const present = journalNames.filter((_, at) => [one, two][at] !== undefined);
        const steps = present.map(
          (name): Step =>
            (then) =>
              files.setAside(name, then),
        );
        series(steps, next);
      });
    });
  }

  #openEngine(next: Done): void {
    const { host } = this.#options;
    host.open((opened) => {
      if (opened.ok) {
        this.#engine = opened.engine;
        next(undefined);
      } else if (!opened.damaged || this.#engineLost) next(new Error(opened.detail));
      else this.#setAside(opened.detail, next);
    });
  }

  #openMemory(next: Done): void {
    this.#options.memory.open((opened) => {
      if (opened.ok) this.#memory = opened.engine;
      next(opened.ok ? undefined : new Error(opened.detail));
    });
  }

  /** Kept for an operator, and replaced by an empty engine: every replica has lost its log, none has forgotten what it owes. */
  #setAside(why: string, next: Done): void {
    const { host } = this.#options;
    this.#engineLost = true;
    host.setAside((error, name) => {
      this.#warnings.push(`the log database was set aside as ${name}: ${why}`);
      if (error !== undefined) next(error);
      else this.#openEngine(next);
    });
  }

  #readEngine(next: Done): void {
    const engine = this.#engine as Engine;
    readEngineFindings(engine, this.#options.crc32, (findings) => {
      const mine = this.#found?.state.journalId;
      const foreign =
        mine === undefined ? !findings.empty : findings.identity !== undefined && findings.identity !== mine;
      if (!foreign) {
        this.#findings = findings;
        next(undefined);
        return;
      }
      if (this.#engineLost) {
        next(new Error('the new log database is not empty'));
        return;
      }
      this.#engine = undefined;
      const setAside = (): void =>
        this.#setAside('it belongs to another journal', (error) => {
          if (error === undefined) this.#readEngine(next);
          else next(error);
        });
      engine.close(setAside);
    });
  }

  #nextState(): { state: JournalState; number: number; hardNumber: number } {
    const { drawId, bootId } = this.#options;
    const now = { bootId, tailsSynced: this.#options.tailSyncMs === 0 };
    const found = this.#found;
    if (found === undefined) {
      const state = {
        journalId: drawId(),
        startCount: 1,
        sequence: 0,
        replicas: new Map(),
        documents: new Map(),
      };
      return { state: { ...state, ...now }, number: 0, hardNumber: 0 };
    }
    const settled = settle(found, this.#findings, { bootId, engineLost: this.#engineLost });
    this.#warnings.push(...settled.warnings);
    const { journalId, startCount, sequence, replicas, documents } = settled.state;
    return {
      state: { journalId, startCount: startCount + 1, sequence, replicas, documents, ...now },
      number: found.lastNumber,
      hardNumber: found.lastHardNumber,
    };
  }

  #install(): void {
    const { files, crc32, journalBytes } = this.#options;
    const engine = this.#engine as Engine;
    const { state, number, hardNumber } = this.#nextState();
    const journal = new Journal(
      { files, crc32, compactBytes: journalBytes ?? 4 << 20 },
      state,
      number,
      hardNumber,
    );
    const firstBatch = (next: Done): void => {
      const { record, ops } = new TailLedger(journal, crc32).next([]);
      const identity = encodeIdentity(state.journalId, crc32);
      const all: EngineOp[] = [
        ...this.#findings.tailKeys.map((key): EngineOp => ({ kind: 'delete', key })),
        { kind: 'put', key: identityKey, value: identity },
        ...ops,
      ];
      engine.batch(all, (error) => {
        if (error === undefined) journal.tails(record, next);
        else this.#afterFailedBatch(error);
      });
    };
    const steps: Step[] = [
      (next) => journal.install(true, next),
      firstBatch,
      // Synced at once: from here on a journal without any tail record shows a start that never accepted work.
      (next) => journal.syncTails(next),
    ];
    series(steps, (error) => {
      if (error !== undefined) this.#refuse(error);
      else this.#done({ ok: true, store: this.#store(engine, journal), warnings: this.#warnings });
    });
  }

  #store(engine: Engine, journal: Journal): DiskLogStore {
    const { files, crc32, schedule, lowSpace, spaceSpent, failed, tailSyncMs, memoryBytes } = this.#options;
    const { walkPageBytes, indexGapBytes } = this.#options;
    return new DiskLogStore({
      engine,
      memory: this.#memory as Engine,
      memoryBytes,
      journal,
      files,
      crc32,
      schedule,
      lowSpace: lowSpace ?? ((): boolean => false),
      spaceSpent: spaceSpent ?? ((): boolean => false),
      failed: failed ?? ((): void => undefined),
      tailSyncMs: tailSyncMs ?? 1_000,
      walkPageBytes: walkPageBytes ?? 256 << 10,
      indexGapBytes: indexGapBytes ?? 4 << 10,
    });
  }
}
