/**
 * Several persists of one group become one part of a batch. The store resolves a truncation against what is on disk, so
 * entries that an earlier persist of the same batch would put and a later one would cut off must never reach it.
 */
import type { GroupWrite } from '../../raft/index.ts';
import type { LogIndex } from '@callboard/client/protocol';

/** The effect of `first`, then `second`, as one write. */
export function mergeWrites(first: GroupWrite, second: GroupWrite): GroupWrite {
  const cut = second.truncateFrom;
  const kept = cut === undefined ? first.entries : first.entries.filter((entry) => entry.index < cut);
  return {
    group: first.group,
    truncateFrom: lowest(first.truncateFrom, cut),
    entries: kept.length === 0 ? second.entries : [...kept, ...second.entries],
    hard: second.hard ?? first.hard,
    tail: second.tail ?? first.tail,
    healed: first.healed || second.healed,
  };
}

function lowest(a: LogIndex | undefined, b: LogIndex | undefined): LogIndex | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}
