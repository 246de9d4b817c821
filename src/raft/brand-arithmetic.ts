/** Arithmetic on branded numbers. The range was checked where they entered; here only the type is restored. */
import type { LogIndex, Term } from '@callboard/client/protocol';

export function toIndex(value: number): LogIndex {
  return value as LogIndex;
}

export function toTerm(value: number): Term {
  return value as Term;
}

export const noIndex: LogIndex = toIndex(0);
export const noTerm: Term = toTerm(0);

export function lower(a: LogIndex, b: LogIndex): LogIndex {
  return a < b ? a : b;
}

export function higher(a: LogIndex, b: LogIndex): LogIndex {
  return a > b ? a : b;
}
