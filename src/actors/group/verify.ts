/**
 * Entries that come from a peer are believed only if they prove themselves: checksums, group, and each one chained to the one
 * before. A peer's memory or the way may have changed them; what is dropped here is sent again.
 */
import type { Checksum } from '../../kernel/index.ts';
import type { Entry, RaftMessage } from '../../raft/index.ts';
import { checkSealed, readEntryHeader, type GroupId } from '@callboard/client/protocol';

/** What is wrong with the entries that a message carries; undefined: nothing. */
export function entriesFault(message: RaftMessage, group: GroupId, crc32: Checksum): string | undefined {
  if (message.kind !== 'append' && message.kind !== 'fetched') return undefined;
  let before: Entry | undefined;
  for (const entry of message.entries) {
    const fault = checkSealed(entry.bytes, crc32);
    if (fault !== undefined) return `entry ${entry.index}: ${fault}`;
    if (readEntryHeader(entry.bytes)?.group !== group) return `entry ${entry.index} is of another group`;
    const chained =
      before === undefined || (entry.previous === before.checksum && entry.index === before.index + 1);
    if (!chained) return `entry ${entry.index} does not follow the one before it`;
    before = entry;
  }
  return undefined;
}
