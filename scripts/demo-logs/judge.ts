/** Whether what was promised was kept. Each function answers with the faults that it found. */
import type { History } from './consumers.ts';
import type { Line } from './lines.ts';
import type { Stored } from './producers.ts';

type Contents = readonly (readonly string[])[];

function nameOf({ file, number }: Line): string {
  return `${file}:${number}`;
}

/** Every line at exactly one offset, with its own text there, and nothing else in the topic. */
export function faultsOfStorage(
  lines: readonly Line[],
  stored: readonly Stored[],
  contents: Contents,
): string[] {
  const faults: string[] = [];
  const offsets = new Map<string, string>();
  const missing = new Set(lines.map(nameOf));
  for (const { line, partition, offset } of stored) {
    const place = `${partition}/${offset}`;
    const before = offsets.get(place);
    if (before !== undefined) faults.push(`${before} and ${nameOf(line)} were both acknowledged at ${place}`);
    offsets.set(place, nameOf(line));
    if (!missing.delete(nameOf(line))) faults.push(`${nameOf(line)} was acknowledged twice`);
    const text = contents[partition]?.[offset];
    if (text !== line.text) {
      faults.push(`${nameOf(line)} was acknowledged at ${place}, where ${JSON.stringify(text)} is`);
    }
  }
  for (const name of missing) faults.push(`${name} was never acknowledged`);
  const total = contents.reduce((sum, records) => sum + records.length, 0);
  if (total !== lines.length) faults.push(`${total} records are stored, for ${lines.length} lines`);
  return faults;
}

/** Lines of one producer and partition lie in the order in which they were sent. */
export function faultsOfOrder(stored: readonly Stored[]): string[] {
  const last = new Map<string, Stored>();
  const faults: string[] = [];
  for (const each of stored) {
    const key = `${each.producer} ${each.partition}`;
    const before = last.get(key);
    if (before !== undefined && before.offset >= each.offset) {
      faults.push(
        `${nameOf(before.line)} is at ${before.offset}, and ${nameOf(each.line)}, sent later, at ${each.offset}`,
      );
    }
    last.set(key, each);
  }
  return faults;
}

/**
 * A consumer's history is the partition in order, each record once, where every lost answer may stand for one record.
 * Lines repeat, so a gap can lie in several places: all positions that are possible so far are followed.
 */
export function faultsOfHistory(history: History, records: readonly string[], partition: number): string[] {
  let positions = new Set([0]);
  for (const [index, event] of history.entries()) {
    const next = new Set<number>();
    for (const position of positions) {
      if (event === undefined) next.add(position).add(Math.min(position + 1, records.length));
      else if (records[position] === event) next.add(position + 1);
    }
    if (next.size === 0) {
      const near = [...positions].slice(0, 3).join(', ');
      return [
        `partition ${partition}: answer ${index} is ${JSON.stringify(event)}, which is not at offset ${near}`,
      ];
    }
    positions = next;
  }
  if (positions.has(records.length)) return [];
  const reached = Math.max(...positions);
  return [`partition ${partition}: the consumer found its end at offset ${reached} of ${records.length}`];
}
