/** Records that came before the topic's partitions were known. They are copied, for bytes are the caller's again after `send`. */
import type { CheckedRecord } from '../checks/records.ts';
import { mostBytes, mostHeaderBytes } from './chunk-writer.ts';
import type { Batch, SingleWaiter } from './waiters.ts';

interface EarlyRecord {
  readonly record: CheckedRecord;
  readonly waiter: SingleWaiter | Batch;
  readonly index: number;
  readonly bytes: number;
  readonly bornMs: number;
}

const copied = <T>(value: T): T => (value instanceof Uint8Array ? (value.slice() as T) : value);

export class EarlyRecords {
  #records: EarlyRecord[] = [];
  #done: Promise<void> | undefined;
  #setDone: () => void = () => undefined;

  get size(): number {
    return this.#records.length;
  }

  /** Returns what it counts against the producer's bound. */
  add(record: CheckedRecord, waiter: SingleWaiter | Batch, index: number, bornMs: number): number {
    const { key, value, headers } = record;
    const bytes = 14 + mostBytes(value) + mostBytes(key ?? '') + mostHeaderBytes(headers);
    this.#records.push({ record: copyOf(record), waiter, index, bytes, bornMs });
    return bytes;
  }

  takeAll(): readonly EarlyRecord[] {
    const taken = this.#records;
    this.#records = [];
    this.#setDone();
    this.#done = undefined;
    return taken;
  }

  /** Those that came before `bornMs`. */
  takeOlder(bornMs: number): readonly EarlyRecord[] {
    const count = this.#records.findIndex((each) => each.bornMs > bornMs);
    if (count < 0) return this.takeAll();
    return this.#records.splice(0, count);
  }

  /** Resolves when no record is early any more. */
  done(): Promise<void> {
    if (this.#records.length === 0) return Promise.resolve();
    this.#done ??= new Promise((resolve) => {
      this.#setDone = resolve;
    });
    return this.#done;
  }
}

function copyOf(record: CheckedRecord): CheckedRecord {
  const { key, value, headers } = record;
  return {
    ...record,
    key: copied(key),
    value: copied(value),
    headers: headers.map(([name, content]) => [name, copied(content)]),
  };
}
