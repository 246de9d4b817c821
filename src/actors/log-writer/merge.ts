/**
 * Several persists of one group become one part of a batch. The store resolves a truncation against what is on disk, so
 * entries that an earlier persist of the same batch would put and a later one would cut off must never reach it.
 */
import type { Entry, GroupWrite } from '../../raft/index.ts';
import type { LogIndex } from '@callboard/client/protocol';

/** The effect of these writes of one group, one after the other, as one write. */
export function mergeWrites(writes: readonly [GroupWrite, ...GroupWrite[]]): GroupWrite {
  const [first, ...later] = writes;
  if (later.length === 0) return first;
  let merged = first;
  // One list grows through all of them: under load a batch holds hundreds of writes of one entry.
  let entries: Entry[] = [...first.entries];
  for (const write of later) {
    const cut = write.truncateFrom;
    if (cut !== undefined) entries = entries.filter((entry) => entry.index < cut);
    for (const entry of write.entries) entries.push(entry);
    merged = {
      group: first.group,
      truncateFrom: lowest(merged.truncateFrom, cut),
      entries,
      hard: write.hard ?? merged.hard,
      tail: write.tail ?? merged.tail,
      healed: merged.healed || write.healed,
    };
  }
  return { ...merged, entries };
}

function lowest(a: LogIndex | undefined, b: LogIndex | undefined): LogIndex | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}
