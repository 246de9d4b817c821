/**
 * Branded numbers: a term is never an index by accident. The brand exists at compile time only; make one with the
 * function of the same name in lower case, which also asserts that the value is a safe non-negative integer.
 */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A Raft term, from 1; 0 means none yet. */
export type Term = Branded<number, 'Term'>;
/** A Raft log index, from 1; 0 means before the first entry. */
export type LogIndex = Branded<number, 'LogIndex'>;
/** A record's offset in its partition, dense from 0. */
export type Offset = Branded<number, 'Offset'>;
/** A Raft group's number; 0 is the directory. */
export type GroupId = Branded<number, 'GroupId'>;
/** A replica's identity, valid for the life of one node journal (32 lower-case hexadecimal characters). */
export type ReplicaId = Branded<string, 'ReplicaId'>;

function checked(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${what} must be a whole number from 0, got ${String(value)}`);
  }
  return value;
}

export function term(value: number): Term {
  return checked(value, 'term') as Term;
}

export function logIndex(value: number): LogIndex {
  return checked(value, 'log index') as LogIndex;
}

export function offset(value: number): Offset {
  return checked(value, 'offset') as Offset;
}

export function groupId(value: number): GroupId {
  return checked(value, 'group id') as GroupId;
}

export function replicaId(value: string): ReplicaId {
  if (!/^[0-9a-f]{32}$/.test(value)) {
    throw new RangeError(`a replica id is 32 lower-case hexadecimal characters, got '${value.slice(0, 40)}'`);
  }
  return value as ReplicaId;
}
