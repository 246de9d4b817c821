/** What a store batch asks of journal and engine. Pure. */
import type { Crc32, GroupId } from '@callboard/client/protocol';
import type { GroupWrite, StoreBatch } from '../raft/log-store.ts';
import type { HardState, Tail } from '../raft/types.ts';
import type { GroupTail, JournalState, ReplicaState, StateChange } from './journal-state.ts';
import type { OpenLog } from './open-log.ts';
import { checkEntry } from './stored-entry.ts';

type Replicas = ReadonlyMap<GroupId, ReplicaState>;

function sameTail(a: Tail, b: Tail): boolean {
  return a.index === b.index && a.term === b.term && a.checksum === b.checksum;
}

function sameHard(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote;
}

function touchesEngine(write: GroupWrite, replicas: Replicas): boolean {
  if (write.entries.length > 0 || write.truncateFrom !== undefined || write.healed) return true;
  const owed = replicas.get(write.group)?.owed;
  return write.tail !== undefined && (owed?.kind !== 'known' || !sameTail(owed.tail, write.tail));
}

/** Hard state alone never goes to the engine. */
export function needsEngine(batch: StoreBatch, replicas: Replicas): boolean {
  return batch.some((write) => touchesEngine(write, replicas));
}

/**
 * Holds the caller to the contract before anything is written: broken invariants must crash, not reach the disk.
 * Entries are checked in full, since a chunk that was changed in memory would otherwise be found damaged much later.
 */
export function assertBatch(
  batch: StoreBatch,
  replicas: Replicas,
  logs: ReadonlyMap<GroupId, OpenLog>,
  crc32: Crc32,
): void {
  const terms = new Map<GroupId, HardState>();
  for (const write of batch) {
    const where = `write to group ${String(write.group)}`;
    const replica = replicas.get(write.group);
    if (replica === undefined) throw new Error(`${where}: no replica was born here`);
    if (replica.condition === 'lost') throw new Error(`${where}: its journal is lost`);
    if (touchesEngine(write, replicas) && !logs.has(write.group)) throw new Error(`${where}: not opened`);
    if (write.healed && write.tail === undefined) throw new Error(`${where}: healed without a tail`);
    const before = terms.get(write.group) ?? replica.hard;
    const hard = write.hard ?? before;
    if (hard.term < before.term) throw new Error(`${where}: the term goes back`);
    terms.set(write.group, hard);
    for (const entry of write.entries) {
      const checked = checkEntry(entry.bytes, write.group, entry.index, crc32);
      const fault =
        typeof checked === 'string'
          ? checked
          : checked.checksum !== entry.checksum ||
              checked.term !== entry.term ||
              checked.previous !== entry.previous
            ? 'its fields are not those of its header'
            : undefined;
      if (fault !== undefined) throw new Error(`${where}: entry ${String(entry.index)}: ${fault}`);
      const { index } = entry;
      if (entry.term > hard.term) throw new Error(`${where}: entry ${String(index)} is of a later term`);
    }
  }
}

/** Term and vote records that must be durable before the batch. */
export function hardChanges(batch: StoreBatch, replicas: Replicas): readonly StateChange[] {
  const changes = new Map<GroupId, StateChange>();
  for (const { group, hard } of batch) {
    const replica = replicas.get(group);
    if (hard === undefined || replica === undefined) continue;
    const { condition, owed, owedSequence } = replica;
    if (sameHard(hard, replica.hard)) changes.delete(group);
    else changes.set(group, { group, hard, condition, owed, owedSequence });
  }
  return [...changes.values()];
}

/** The newest tail of each group in the batch. */
export function newTails(batch: StoreBatch): readonly GroupTail[] {
  const tails = new Map<GroupId, Tail>();
  for (const { group, tail } of batch) if (tail !== undefined) tails.set(group, tail);
  return [...tails].map(([group, tail]) => ({ group, tail }));
}

/** "Normal again", once the batch and its tail record are written: `state` is the journal's after them. */
export function healedChanges(batch: StoreBatch, state: JournalState): readonly StateChange[] {
  const healed = new Set(batch.filter((write) => write.healed).map((write) => write.group));
  return [...healed].flatMap((group): StateChange[] => {
    const replica = state.replicas.get(group);
    if (replica === undefined || replica.condition !== 'damaged') return [];
    const { hard, owed, owedSequence } = replica;
    return [{ group, hard, condition: 'normal', owed, owedSequence }];
  });
}
