/** Numbers the engine batches, and keeps in the engine just those tail records that the journal has not synced yet. */
import type { Crc32 } from '@callboard/client/protocol';
import { encodeEngineTail } from './engine-tails.ts';
import type { EngineOp } from './engine.ts';
import type { Journal } from './journal.ts';
import type { GroupTail, TailRecord } from './journal-state.ts';
import { tailKey } from './keys.ts';

/** How many tail records one batch deletes at most: more than one can add. */
const deletesPerBatch = 64;

export class TailLedger {
  readonly #journal: Journal;
  readonly #crc32: Crc32;
  /** Tail records up to this sequence are deleted from the engine, or about to be by the batch in flight. */
  #deleted: number;

  constructor(journal: Journal, crc32: Crc32) {
    this.#journal = journal;
    this.#crc32 = crc32;
    this.#deleted = journal.state.sequence - 1;
  }

  /** The tail record of the next batch, and the operations that the batch must carry for it. */
  next(tails: readonly GroupTail[]): { readonly record: TailRecord; readonly ops: readonly EngineOp[] } {
    const { state, hardNumber, durableSequence } = this.#journal;
    const record: TailRecord = { sequence: state.sequence + 1, tails };
    const value = encodeEngineTail({ start: state.startCount, hardNumber, record }, this.#crc32);
    const ops: EngineOp[] = [{ kind: 'put', key: tailKey(record.sequence), value }];
    const until = Math.min(durableSequence, this.#deleted + deletesPerBatch);
    for (; this.#deleted < until;) {
      this.#deleted += 1;
      ops.push({ kind: 'delete', key: tailKey(this.#deleted) });
    }
    return { record, ops };
  }
}
