/** Whether the consumers got what was promised. Each function answers with the faults that it found. */
import type { Session } from './consumers.ts';
import type { Sent } from './producers.ts';

/** Records of a key lie in one partition, in the order in which they were sent. */
export function faultsOfKeys(producers: readonly (readonly Sent[])[]): string[] {
  const last = new Map<string, Sent>();
  const faults: string[] = [];
  for (const sent of producers.flat()) {
    const before = last.get(sent.key);
    if (before !== undefined && before.partition !== sent.partition) {
      faults.push(`key ${sent.key} is in partitions ${before.partition} and ${sent.partition}`);
    } else if (before !== undefined && before.offset >= sent.offset) {
      faults.push(
        `line ${before.line.number} of ${sent.key} is at ${before.offset}, line ${sent.line.number} at ${sent.offset}`,
      );
    }
    last.set(sent.key, sent);
  }
  return faults;
}

/**
 * Within one object: each partition record by record, nothing twice, nothing skipped. From one object to the next: again what was
 * not acknowledged, nothing below what was answered to be committed. In the end: everything.
 */
export function faultsOfSessions(
  sessions: readonly Session[],
  contents: readonly (readonly string[])[],
): string[] {
  const faults: string[] = [];
  const reached = new Map<number, number>();
  for (const [i, session] of sessions.entries()) {
    const next = new Map<number, number>();
    for (const { partition, offset, text } of session.seen) {
      const where = `session ${i + 1}, partition ${partition}`;
      const expected = next.get(partition);
      if (expected === undefined) {
        const lowest = session.committed.get(partition) ?? 0;
        const highest = session.acknowledged.get(partition) ?? 0;
        if (offset < lowest || offset > highest) {
          faults.push(
            `${where} begins at ${offset}, with acks answered to ${lowest} and called to ${highest}`,
          );
        }
      } else if (offset !== expected) faults.push(`${where}: ${offset} comes after ${expected - 1}`);
      if (text !== contents[partition]?.[offset]) faults.push(`${where}: offset ${offset} has another text`);
      next.set(partition, offset + 1);
      reached.set(partition, Math.max(reached.get(partition) ?? 0, offset + 1));
    }
  }
  for (const [partition, records] of contents.entries()) {
    const end = reached.get(partition) ?? 0;
    if (end !== records.length) {
      faults.push(`partition ${partition} was read up to ${end} of ${records.length}`);
    }
  }
  return faults;
}

/** How many records came in more than one session, and how many of them had been answered to be committed. */
export function repeatsOf(sessions: readonly Session[]): number {
  const seen = new Set<string>();
  let repeats = 0;
  for (const { partition, offset } of sessions.flatMap((session) => session.seen)) {
    const place = `${partition}/${offset}`;
    if (seen.has(place)) repeats += 1;
    seen.add(place);
  }
  return repeats;
}
