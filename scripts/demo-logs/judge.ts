/** Whether what was promised was kept. Each function answers with the faults that it found. */
import type { History, HistoryEvent } from './consumers.ts';
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

/** One way in which a history can have come about. */
interface Reading {
  /** Of the next record that was never taken. */
  readonly next: number;
  /** Taken by calls whose answers were lost: they must come once more. */
  readonly owed: readonly number[];
  /** The offset of the newest record. */
  readonly last: number;
  /** Answered last before a call failed: its node may have died before it noted that. */
  readonly unsure: readonly number[];
  readonly repeats: number;
}

/**
 * A consumer's history is the partition in order, every record at least once (S11). What a lost answer had taken comes again, mostly at
 * once, later where its node stayed away; and for each death of a node the record that it answered last may come twice. Lines repeat, so a
 * history can be read in several ways: all of them are followed.
 */
export function judgeHistory(
  history: History,
  records: readonly string[],
  deaths: number,
): { readonly faults: readonly string[]; readonly repeats: number } {
  let readings: readonly Reading[] = [{ next: 0, owed: [], last: -1, unsure: [], repeats: 0 }];
  for (const [index, event] of history.entries()) {
    const after = readings.flatMap((reading) => step(reading, event, records));
    const possible = distinct(after).filter(({ repeats }) => repeats <= deaths);
    if (possible.length === 0) {
      const near = readings
        .slice(0, 3)
        .map(({ next }) => next)
        .join(', ');
      const text = typeof event === 'object' ? JSON.stringify(event.text) : event;
      const where = `at offset ${near} of ${records.length}, nor to be given again`;
      return { faults: [`answer ${index} is ${text}, which is not ${where}`], repeats: 0 };
    }
    readings = possible;
  }
  const whole = readings.filter(({ next, owed }) => next === records.length && owed.length === 0);
  if (whole.length > 0) return { faults: [], repeats: Math.min(...whole.map(({ repeats }) => repeats)) };
  const [{ next, owed }] = readings as [Reading];
  const missing = owed.length === 0 ? '' : `, and never got offset ${owed.join(', ')}`;
  return {
    faults: [`the consumer found its end at offset ${next} of ${records.length}${missing}`],
    repeats: 0,
  };
}

function step(reading: Reading, event: HistoryEvent, records: readonly string[]): readonly Reading[] {
  const { next, owed, last, unsure, repeats } = reading;
  if (typeof event !== 'object') {
    const broken = { ...reading, unsure: last < 0 || unsure.includes(last) ? unsure : [...unsure, last] };
    if (event === 'failed' || next === records.length) return [broken];
    return [broken, { ...broken, next: next + 1, owed: [...owed, next] }];
  }
  const is = (offset: number): boolean => records[offset] === event.text;
  const without = (offsets: readonly number[], gone: number): number[] =>
    offsets.filter((offset) => offset !== gone);
  return [
    ...owed.filter(is).map((offset) => ({ ...reading, owed: without(owed, offset), last: offset })),
    ...(is(next) ? [{ ...reading, next: next + 1, last: next }] : []),
    ...unsure
      .filter(is)
      .map((offset) => ({ ...reading, unsure: without(unsure, offset), repeats: repeats + 1, last: offset })),
  ];
}

function distinct(readings: readonly Reading[]): readonly Reading[] {
  return [...new Map(readings.map((reading) => [JSON.stringify(reading), reading])).values()];
}
