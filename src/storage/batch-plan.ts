/**
 * Turns a store batch into one engine batch: for each group its truncation as explicit deletes, its entries and
 * their index keys, in order. Looks up what there is to delete, hence the callbacks.
 *
 * One batch may hold several writes of one group; a later one may truncate what an earlier one puts.
 */
import type { Crc32, GroupId, LogIndex } from '@callboard/client/protocol';
import type { GroupWrite } from '../raft/log-store.ts';
import type { Engine, EngineOp } from './engine.ts';
import { entryKey, entryTag, lastKey, offsetKey, offsetTag } from './keys.ts';
import { decodeOffsetEntry, offsetEntryOf, putOffset } from './offset-index.ts';
import type { OffsetEntry } from './offset-index.ts';
import type { OpenLog } from './open-log.ts';
import { series } from './series.ts';
import type { Done, Step } from './series.ts';

export interface Plan {
  readonly ops: readonly EngineOp[];
  /** How each group's log looks once the batch is durable. */
  readonly logs: ReadonlyMap<GroupId, OpenLog>;
}

const pageEntries = 2_048;

interface Staged {
  log: OpenLog;
  /** Index entries put by this batch, rising. */
  offsets: OffsetEntry[];
  /** Entries put by this batch. */
  indexes: number[];
}

export class BatchPlan {
  readonly #engine: Engine;
  readonly #crc32: Crc32;
  readonly #ops: EngineOp[] = [];
  readonly #staged = new Map<GroupId, Staged>();

  constructor(engine: Engine, crc32: Crc32) {
    this.#engine = engine;
    this.#crc32 = crc32;
  }

  /** `logOf`: the open log of a group. */
  make(
    writes: readonly GroupWrite[],
    logOf: (group: GroupId) => OpenLog,
    done: (error: Error | undefined, plan: Plan) => void,
  ): void {
    const finish = (error: Error | undefined): void => {
      const logs = new Map([...this.#staged].map(([group, staged]) => [group, staged.log]));
      done(error, { ops: this.#ops, logs });
    };
    let at = 0;
    // Writes that need no look-up go by in a loop, not by callbacks.
    const next = (error: Error | undefined): void => {
      let failure = error;
      for (let write = writes[at]; write !== undefined && failure === undefined; write = writes[at]) {
        at += 1;
        if (!this.#write(this.#stage(write.group, logOf), write, next)) return;
        failure = undefined;
      }
      finish(failure);
    };
    next(undefined);
  }

  /** True if it is done at once; otherwise it calls `next` later. */
  #write(staged: Staged, write: GroupWrite, next: Done): boolean {
    const { highest, strays } = staged.log;
    const from = write.truncateFrom;
    const cut = from !== undefined && (strays || from <= highest) ? from : undefined;
    const heal = write.healed ? write.tail : undefined;
    if (cut === undefined && heal === undefined) {
      this.#put(staged, write);
      return true;
    }
    const steps: Step[] = [];
    if (cut !== undefined) steps.push((then) => this.#cut(staged, cut, then));
    steps.push((then) => {
      this.#put(staged, write);
      then(undefined);
    });
    // Whole again: whatever lies above the end, readable or not, is no part of the log.
    if (heal !== undefined) {
      steps.push((then) => this.#cut(staged, (heal.index + 1) as LogIndex, then));
      steps.push((then) => {
        staged.log = { ...staged.log, end: heal.index, highest: heal.index, strays: false };
        then(undefined);
      });
    }
    series(steps, next);
    return false;
  }

  #stage(group: GroupId, logOf: (group: GroupId) => OpenLog): Staged {
    const known = this.#staged.get(group);
    if (known !== undefined) return known;
    const staged: Staged = { log: logOf(group), offsets: [], indexes: [] };
    this.#staged.set(group, staged);
    return staged;
  }

  #put(staged: Staged, write: GroupWrite): void {
    const { key } = staged.log;
    let { end, highest, maxTimestamp, indexExact } = staged.log;
    for (const entry of write.entries) {
      const appended = entry.index === end + 1;
      // A repaired entry's place in the running maximum is not known; byTime then looks from the beginning.
      const offset = offsetEntryOf(entry, appended ? maxTimestamp : 0);
      this.#ops.push({ kind: 'put', key: entryKey(key, entry.index), value: entry.bytes });
      staged.indexes.push(entry.index);
      if (offset !== undefined) {
        this.#ops.push(putOffset(key, offset, this.#crc32));
        staged.offsets.push(offset);
      }
      if (appended) {
        end = entry.index;
        maxTimestamp = offset?.maxTimestamp ?? maxTimestamp;
      } else indexExact = false;
      if (entry.index > highest) highest = entry.index;
    }
    staged.log = { ...staged.log, end, highest, maxTimestamp, indexExact };
  }

  /** Deletes every entry from `from` on, stored or put by this batch, and its index keys. */
  #cut(staged: Staged, from: LogIndex, done: Done): void {
    const { key } = staged.log;
    for (const index of staged.indexes) {
      if (index >= from) this.#ops.push({ kind: 'delete', key: entryKey(key, index) });
    }
    for (const { index, baseOffset } of staged.offsets) {
      if (index >= from) this.#ops.push({ kind: 'delete', key: offsetKey(key, baseOffset) });
    }
    staged.indexes = staged.indexes.filter((index) => index < from);
    staged.offsets = staged.offsets.filter(({ index }) => index < from);
    this.#deleteEntries(staged, from, () => this.#deleteOffsets(staged, from, () => done(undefined)));
  }

  #deleteEntries(staged: Staged, from: LogIndex, done: () => void): void {
    const { key, highest } = staged.log;
    const page = (start: Uint8Array): void => {
      const range = {
        from: start,
        to: lastKey(entryTag, key),
        reverse: false,
        limit: pageEntries,
        maxBytes: 1 << 20,
        values: false,
      };
      this.#engine.scan(range, (error, found) => {
        for (const entry of found) this.#ops.push({ kind: 'delete', key: entry.key });
        const last = found.at(-1);
        if (error !== undefined) {
          // A truncation must not depend on reading what it removes.
          for (let index: number = from; index <= highest; index += 1) {
            this.#ops.push({ kind: 'delete', key: entryKey(key, index) });
          }
        }
        if (last === undefined) done();
        else page(Uint8Array.of(...last.key, 0));
      });
    };
    page(entryKey(key, from));
  }

  /** From the top down to the first that stays; that one has the running maximum of the log that is left. */
  #deleteOffsets(staged: Staged, from: LogIndex, done: () => void): void {
    const { log } = staged;
    const page = (to: Uint8Array): void => {
      const range = {
        from: offsetKey(log.key, 0),
        to,
        reverse: true,
        limit: 64,
        maxBytes: 1 << 20,
        values: true,
      };
      this.#engine.scan(range, (error, found) => {
        for (const entry of found) {
          const decoded = decodeOffsetEntry(entry.key, entry.value, this.#crc32);
          if (decoded !== undefined && decoded.index < from) {
            this.#cutDone(staged, from, decoded.maxTimestamp, true);
            done();
            return;
          }
          // An unsound one goes too: the next open would put it again.
          this.#ops.push({ kind: 'delete', key: entry.key });
        }
        const last = found.at(-1);
        if (error === undefined && last !== undefined) {
          page(last.key);
          return;
        }
        this.#cutDone(staged, from, 0, error === undefined);
        done();
      });
    };
    page(lastKey(offsetTag, log.key));
  }

  #cutDone(staged: Staged, from: LogIndex, stored: number, exact: boolean): void {
    const { log } = staged;
    const last = (from - 1) as LogIndex;
    staged.log = {
      ...log,
      end: Math.min(log.end, last) as LogIndex,
      highest: Math.min(log.highest, last) as LogIndex,
      maxTimestamp: Math.max(stored, staged.offsets.at(-1)?.maxTimestamp ?? 0),
      indexExact: log.indexExact && exact,
    };
  }
}
