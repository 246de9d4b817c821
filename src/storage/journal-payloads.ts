/** The payloads of journal records, field by field. */
import { groupId, hex, logIndex, replicaId, term, unhex } from '@callboard/client/protocol';
import type { GroupId, ReplicaId } from '@callboard/client/protocol';
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

function readBirth(from: ByteReader): BirthChange {
  return { group: groupId(from.u32()), replica: requiredId(from), members: from.text() };
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
}

function readBase(from: ByteReader, startCount: number): JournalState {
  const journalId = requiredId(from);
  const sequence = from.u53();
  const tailsSynced = from.u8() === 1;
  const bootId = from.text();
  const replicas = new Map<GroupId, ReplicaState>();
  for (let left = from.u32(); left > 0; left -= 1) {
    const birth = readBirth(from);
    const life = from.u53();
    const record = from.u53();
    replicas.set(birth.group, { ...birth, life, record, ...readChange(from) });
  }
  const documents = new Map<string, string>();
  for (let left = from.u32(); left > 0; left -= 1) {
    const name = from.text();
    documents.set(name, from.text());
  }
  return { journalId, startCount, bootId, tailsSynced, sequence, replicas, documents };
}

/** Shared with the engine, which keeps a copy of each tail record inside the batch that it describes. */
export function writeTails(to: ByteWriter, record: TailRecord): void {
  to.u53(record.sequence).u32(record.tails.length);
  for (const { group, tail } of record.tails) {
    to.u32(group);
    writeTail(to, tail);
  }
}

export function readTails(from: ByteReader): TailRecord {
  const sequence = from.u53();
  const tails: GroupTail[] = [];
  for (let left = from.u32(); left > 0; left -= 1) {
    const group = groupId(from.u32());
    tails.push({ group, tail: readTail(from) });
  }
  return { sequence, tails };
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
  }
}

function list<T>(from: ByteReader, read: (from: ByteReader) => T): T[] {
  const items: T[] = [];
  for (let left = from.u32(); left > 0; left -= 1) items.push(read(from));
  return items;
}

function readFields(kind: JournalRecord['kind'], from: ByteReader, start: number): JournalRecord {
  switch (kind) {
    case 'base':
      return { kind, starting: from.u8() === 1, state: readBase(from, start) };
    case 'births':
      return { kind, sequence: from.u53(), births: list(from, readBirth) };
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
