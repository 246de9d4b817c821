/** The payloads of journal records, field by field. */
import { groupId, hex, logIndex, replicaId, term, unhex } from '@callboard/client/protocol';
import type { GroupId, ReplicaId, TopicStorage } from '@callboard/client/protocol';
import type { HardState, OwedTail, Tail } from '../raft/types.ts';
import { ByteReader } from './bytes.ts';
import type { ByteWriter } from './bytes.ts';
import type {
  BirthChange,
  Condition,
  GroupTail,
  JournalRecord,
  JournalState,
  ReplicaState,
  StateChange,
  TailRecord,
} from './journal-state.ts';

const conditions: readonly Condition[] = ['normal', 'damaged', 'lost'];

function writeId(to: ByteWriter, id: ReplicaId | undefined): void {
  to.u8(id === undefined ? 0 : 1).raw(id === undefined ? new Uint8Array(16) : unhex(id));
}

function readId(from: ByteReader): ReplicaId | undefined {
  const present = from.u8();
  const id = from.raw(16);
  return present === 0 ? undefined : replicaId(hex(id));
}

function requiredId(from: ByteReader): ReplicaId {
  const id = readId(from);
  if (id === undefined) throw new RangeError('a replica id is missing');
  return id;
}

function writeTail(to: ByteWriter, tail: Tail): void {
  to.u53(tail.index).u53(tail.term).u32(tail.checksum);
}

function readTail(from: ByteReader): Tail {
  return { index: logIndex(from.u53()), term: term(from.u53()), checksum: from.u32() };
}

function writeChange(to: ByteWriter, change: StateChange): void {
  to.u32(change.group).u53(change.hard.term);
  writeId(to, change.hard.vote);
  to.u8(conditions.indexOf(change.condition)).u53(change.owedSequence);
  to.u8(change.owed.kind === 'known' ? 1 : 0);
  if (change.owed.kind === 'known') writeTail(to, change.owed.tail);
}

function readChange(from: ByteReader): StateChange {
  const group = groupId(from.u32());
  const hard: HardState = { term: term(from.u53()), vote: readId(from) };
  const condition = conditions[from.u8()];
  if (condition === undefined) throw new RangeError('unknown condition');
  const owedSequence = from.u53();
  const owed: OwedTail = from.u8() === 1 ? { kind: 'known', tail: readTail(from) } : { kind: 'unknown' };
  return { group, hard, condition, owed, owedSequence };
}

function writeBirth(to: ByteWriter, birth: BirthChange): void {
  to.u32(birth.group);
  writeId(to, birth.replica);
  to.text(birth.members);
}

function readBirth(from: ByteReader): Omit<BirthChange, 'storage'> {
  return { group: groupId(from.u32()), replica: requiredId(from), members: from.text() };
}

/** At the end of a record, which older journals do not have: the groups whose entries are kept in memory. */
function writeMemoryGroups(to: ByteWriter, births: Iterable<BirthChange>): void {
  const groups = [...births].filter(({ storage }) => storage === 'memory').map(({ group }) => group);
  if (groups.length === 0) return;
  to.u32(groups.length);
  for (const group of groups) to.u32(group);
}

function readMemoryGroups(from: ByteReader): ReadonlySet<GroupId> {
  return new Set(from.left === 0 ? [] : list(from, (fields) => groupId(fields.u32())));
}

function storageIn(memory: ReadonlySet<GroupId>, group: GroupId): TopicStorage {
  return memory.has(group) ? 'memory' : 'disk';
}

function writeBase(to: ByteWriter, state: JournalState): void {
  writeId(to, state.journalId);
  to.u53(state.sequence)
    .u8(state.tailsSynced ? 1 : 0)
    .text(state.bootId);
  to.u32(state.replicas.size);
  for (const replica of state.replicas.values()) {
    writeBirth(to, replica);
    to.u53(replica.life).u53(replica.record);
    writeChange(to, replica);
  }
  to.u32(state.documents.size);
  for (const [name, text] of state.documents) to.text(name).text(text);
  writeMemoryGroups(to, state.replicas.values());
}

function readBase(from: ByteReader, startCount: number): JournalState {
  const journalId = requiredId(from);
  const sequence = from.u53();
  const tailsSynced = from.u8() === 1;
  const bootId = from.text();
  const found = list(from, (fields): Omit<ReplicaState, 'storage'> => {
    const birth = readBirth(fields);
    const life = fields.u53();
    const record = fields.u53();
    return { ...birth, life, record, ...readChange(fields) };
  });
  const documents = new Map<string, string>();
  for (let left = from.u32(); left > 0; left -= 1) {
    const name = from.text();
    documents.set(name, from.text());
  }
  const memory = readMemoryGroups(from);
  const replicas = new Map(
    found.map((replica) => [replica.group, { ...replica, storage: storageIn(memory, replica.group) }]),
  );
  return { journalId, startCount, bootId, tailsSynced, sequence, replicas, documents };
}

function writeGroupTails(to: ByteWriter, tails: readonly GroupTail[]): void {
  to.u32(tails.length);
  for (const { group, tail } of tails) {
    to.u32(group);
    writeTail(to, tail);
  }
}

function readGroupTails(from: ByteReader): GroupTail[] {
  return list(from, (fields) => ({ group: groupId(fields.u32()), tail: readTail(fields) }));
}

/** Shared with the engine, which keeps a copy of each tail record inside the batch that it describes. */
export function writeTails(to: ByteWriter, record: TailRecord): void {
  to.u53(record.sequence);
  writeGroupTails(to, record.tails);
}

export function readTails(from: ByteReader): TailRecord {
  return { sequence: from.u53(), tails: readGroupTails(from) };
}

export function writeRecord(to: ByteWriter, record: JournalRecord): void {
  switch (record.kind) {
    case 'base':
      to.u8(record.starting ? 1 : 0);
      writeBase(to, record.state);
      break;
    case 'births':
      to.u53(record.sequence).u32(record.births.length);
      for (const birth of record.births) writeBirth(to, birth);
      writeMemoryGroups(to, record.births);
      break;
    case 'states':
      to.u32(record.states.length);
      for (const change of record.states) writeChange(to, change);
      break;
    case 'deaths':
      to.u32(record.groups.length);
      for (const group of record.groups) to.u32(group);
      break;
    case 'document':
      to.text(record.name).text(record.text);
      break;
    case 'closed':
      break;
    case 'tails':
      writeTails(to, record.tails);
      break;
    case 'memory-tails':
      writeGroupTails(to, record.tails);
      break;
  }
}

function list<T>(from: ByteReader, read: (from: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let left = from.u32(); left > 0; left -= 1) items.push(read(from));
  return items;
}

function readBirths(from: ByteReader): JournalRecord {
  const sequence = from.u53();
  const births = list(from, readBirth);
  const memory = readMemoryGroups(from);
  const stored = births.map((birth) => ({ ...birth, storage: storageIn(memory, birth.group) }));
  return { kind: 'births', sequence, births: stored };
}

function readFields(kind: JournalRecord['kind'], from: ByteReader, start: number): JournalRecord {
  switch (kind) {
    case 'base':
      return { kind, starting: from.u8() === 1, state: readBase(from, start) };
    case 'births':
      return readBirths(from);
    case 'states':
      return { kind, states: list(from, readChange) };
    case 'deaths':
      return { kind, groups: list(from, (fields) => groupId(fields.u32())) };
    case 'document':
      return { kind, name: from.text(), text: from.text() };
    case 'closed':
      return { kind };
    case 'tails':
      return { kind, tails: readTails(from) };
    case 'memory-tails':
      return { kind, tails: readGroupTails(from) };
    default:
      throw new RangeError('unknown kind');
  }
}

/** Undefined if the payload is not well formed, which a sound checksum makes all but impossible. */
export function readRecord(
  kind: JournalRecord['kind'],
  payload: Uint8Array,
  start: number,
): JournalRecord | undefined {
  try {
    const from = new ByteReader(payload);
    const record = readFields(kind, from, start);
    from.end();
    return record;
  } catch {
    return undefined;
  }
}
