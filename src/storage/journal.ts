/**
 * The journal: what a replica has promised, kept outside the engine in two identical append-only files. See
 * `journal-recovery.ts` for what is made of them after a crash.
 *
 * Hard records are appended to and synced in the first file, then in the second, before they are answered. Tail
 * records are appended to both and synced with the next hard record or by `syncTails`. Both files can be replaced, one
 * after the other, by one base record that says the same.
 *
 * One call at a time; the store's lane sees to that. After an error the journal must not be used again.
 */
import type { Crc32 } from '@callboard/client/protocol';
import type { AppendFiles } from './files.ts';
import { encodeFrame } from './journal-records.ts';
import { MutableState, isHard } from './journal-state.ts';
import type { GroupTail, JournalRecord, JournalState, TailRecord } from './journal-state.ts';
import { series, together } from './series.ts';
import type { Done, Step } from './series.ts';

export const journalNames = ['journal-1', 'journal-2'] as const;

export interface JournalOptions {
  readonly files: AppendFiles;
  readonly crc32: Crc32;
  /** A file is replaced by a base record when it exceeds this and twice its last base record. */
  readonly compactBytes: number;
}

export class Journal {
  readonly #files: AppendFiles;
  readonly #crc32: Crc32;
  readonly #compactBytes: number;
  readonly #state: MutableState;
  #number: number;
  #hardNumber: number;
  #durableSequence: number;
  #bytes = 0;
  #baseBytes = 0;
  #busy = false;
  #unsyncedTails = false;

  /** `number` and `hardNumber`: the highest ever used. Nothing may be written before `install`. */
  constructor(options: JournalOptions, state: JournalState, number: number, hardNumber: number) {
    this.#files = options.files;
    this.#crc32 = options.crc32;
    this.#compactBytes = options.compactBytes;
    this.#state = new MutableState(state);
    this.#number = number;
    this.#hardNumber = hardNumber;
    this.#durableSequence = state.sequence;
  }

  get state(): JournalState {
    return this.#state;
  }

  get hardNumber(): number {
    return this.#hardNumber;
  }

  /** Tail records up to this sequence are synced in both files. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  /** Whether nothing waits for a sync. */
  get tailsDurable(): boolean {
    return !this.#unsyncedTails;
  }

  get needsCompaction(): boolean {
    return this.#bytes > Math.max(this.#compactBytes, 2 * this.#baseBytes);
  }

  /** Replaces both files, one after the other, by one base record; nothing is appended before both are safe. */
  install(starting: boolean, done: Done): void {
    const finish = this.#begin(done);
    const base = this.#frame({ kind: 'base', state: this.#state, starting });
    series(
      journalNames.flatMap((name) => this.#replace(name, base)),
      (error) => {
        if (error === undefined) {
          this.#bytes = base.byteLength;
          this.#baseBytes = base.byteLength;
          this.#unsyncedTails = false;
          this.#durableSequence = this.#state.sequence;
        }
        finish(error);
      },
    );
  }

  #replace(name: string, bytes: Uint8Array): Step[] {
    const files = this.#files;
    const fresh = `${name}.new`;
    return [
      (next) => files.write(fresh, bytes, next),
      (next) => files.sync(fresh, next),
      (next) => files.rename(fresh, name, next),
      (next) => files.syncDirectory(next),
    ];
  }

  hard(records: readonly JournalRecord[], done: Done): void {
    const finish = this.#begin(done);
    const files = this.#files;
    const frames = records.map((record) => this.#frame(record));
    const numbers = records.map((_, at) => this.#number - records.length + 1 + at);
    const bytes = frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames);
    const sequence = this.#state.sequence;
    series(
      journalNames.flatMap((name): Step[] => [
        (next) => files.append(name, bytes, next),
        (next) => files.sync(name, next),
      ]),
      (error) => {
        if (error === undefined) {
          this.#bytes += bytes.byteLength;
          this.#durableSequence = sequence;
          this.#unsyncedTails = false;
          records.forEach((record, at) => this.#state.apply(record, numbers[at] as number));
        }
        finish(error);
      },
    );
  }

  /** Not synced when answered. */
  tails(record: TailRecord, done: Done): void {
    this.#unsynced({ kind: 'tails', tails: record }, () => this.#state.applyTails(record), done);
  }

  #unsynced(record: JournalRecord, apply: () => void, done: Done): void {
    const finish = this.#begin(done);
    const bytes = this.#frame(record);
    together(
      journalNames.map(
        (name): Step =>
          (next) =>
            this.#files.append(name, bytes, next),
      ),
      (error) => {
        if (error === undefined) {
          this.#bytes += bytes.byteLength;
          this.#unsyncedTails = true;
          apply();
        }
        finish(error);
      },
    );
  }

  /** Of a batch in memory; not synced when answered. */
  memoryTails(tails: readonly GroupTail[], done: Done): void {
    this.#unsynced({ kind: 'memory-tails', tails }, () => this.#state.applyMemoryTails(tails), done);
  }

  syncTails(done: Done): void {
    const finish = this.#begin(done);
    const sequence = this.#state.sequence;
    together(
      journalNames.map(
        (name): Step =>
          (next) =>
            this.#files.sync(name, next),
      ),
      (error) => {
        if (error === undefined) {
          this.#durableSequence = sequence;
          this.#unsyncedTails = false;
        }
        finish(error);
      },
    );
  }

  #frame(record: JournalRecord): Uint8Array {
    this.#number += 1;
    if (isHard(record)) this.#hardNumber += 1;
    const head = { number: this.#number, hardNumber: this.#hardNumber, start: this.#state.startCount };
    return encodeFrame(record, head, this.#crc32);
  }

  #begin(done: Done): Done {
    if (this.#busy) throw new Error('the journal is busy');
    this.#busy = true;
    return (error) => {
      // After an error it stays busy: what the files hold now is in doubt.
      if (error === undefined) this.#busy = false;
      done(error);
    };
  }
}
