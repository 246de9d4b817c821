/**
 * Reads what the two journal files say, together.
 *
 * A record that is sound in either file counts. Records that are gone from both are told apart by their hard numbers:
 * a lost tail record leaves its engine batch's sequence missing (the engine may still know it); a lost hard record means
 * that term, vote or condition of some replica may be older than what it promised. A record that is unsound at the end
 * of the files was never completed, since the second file gets a hard record only once the first has it safely.
 */
import type { Crc32 } from '@callboard/client/protocol';
import { parseFile } from './journal-records.ts';
import type { Frame, ParsedFile } from './journal-records.ts';
import { MutableState } from './journal-state.ts';

export interface FoundJournal {
  /** The sum of all sound records that count. */
  readonly state: MutableState;
  /** Sequence up to which the newest base record vouches for every tail. */
  readonly baseSequence: number;
  /** Sequences above it whose tail records are here. */
  readonly sequences: ReadonlySet<number>;
  /** Numbers for the next record. */
  readonly lastNumber: number;
  readonly lastHardNumber: number;
  /** A hard record below this number is lost for good: replicas without a later one are suspect. */
  readonly lostBelow: number;
  /** Nothing appended to it can be missing: it was closed in order, or its start never came to accept work. */
  readonly complete: boolean;
  /** A tail of a log in memory may be gone: a record in the middle, or one at the end that no file has whole. */
  readonly memoryTailsLost: boolean;
  /** At least one file needed the other. */
  readonly repaired: boolean;
}

export type RecoveredJournal =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'found'; readonly found: FoundJournal };

function newestBase(files: readonly ParsedFile[]): Frame | undefined {
  let newest: Frame | undefined;
  for (const frame of files.flatMap((file) => file.frames)) {
    if (frame.record.kind !== 'base') continue;
    const newer =
      newest === undefined ||
      frame.start > newest.start ||
      (frame.start === newest.start && frame.number > newest.number);
    if (newer) newest = frame;
  }
  return newest;
}

/**
 * The frames behind the base in order of number. A file that was put back from an older copy can hold records which a
 * crash undid before their numbers were used again; those carry an older start count and are left out.
 */
function framesAfter(base: Frame, files: readonly ParsedFile[]): readonly Frame[] {
  const byNumber = new Map<number, Frame>();
  for (const frame of files.flatMap((file) => file.frames)) {
    if (frame.number <= base.number || frame.start < base.start) continue;
    const known = byNumber.get(frame.number);
    if (known === undefined || known.start < frame.start) byNumber.set(frame.number, frame);
  }
  const sorted = [...byNumber.values()].toSorted((a, b) => a.number - b.number);
  let start = base.start;
  return sorted.filter((frame) => {
    const counts = frame.start >= start;
    if (counts) start = frame.start;
    return counts;
  });
}

/**
 * A hard record at the very end that is sound in neither file although the first had it safely. The second shows that:
 * by the record's header, or by bytes where only this record can have been.
 */
function lostAtEnd(last: Frame, first: ParsedFile | undefined, second: ParsedFile | undefined): number {
  const lost = (file: ParsedFile | undefined, highest: number): number[] =>
    (file?.broken ?? [])
      .filter(
        ({ hard, number, start }) => hard && number > last.number && number <= highest && start >= last.start,
      )
      .map(({ number }) => number + 1);
  const secondGoesOn =
    second !== undefined && second.ragged && second.frames.some((frame) => frame.number === last.number);
  return Math.max(0, ...lost(second, Infinity), ...(secondGoesOn ? lost(first, last.number + 1) : []));
}

export function recoverJournal(
  bytes: readonly [Uint8Array | undefined, Uint8Array | undefined],
  crc32: Crc32,
): RecoveredJournal {
  const parsed = bytes.map((file) => (file === undefined ? undefined : parseFile(file, crc32)));
  const files = parsed.filter((file) => file !== undefined);
  if (files.length === 0) return { kind: 'none' };
  const base = newestBase(files);
  if (base?.record.kind !== 'base') return { kind: 'unreadable' };
  const state = new MutableState(base.record.state);
  const sequences = new Set<number>();
  let last = base;
  let lostBelow = 0;
  let gap = false;
  for (const frame of framesAfter(base, files)) {
    const hardBefore = frame.hardNumber - (frame.hard ? 1 : 0);
    if (hardBefore > last.hardNumber) lostBelow = frame.number;
    if (frame.number > last.number + 1) gap = true;
    if (frame.record.kind === 'tails') sequences.add(frame.record.tails.sequence);
    state.apply(frame.record, frame.number);
    last = frame;
  }
  lostBelow = Math.max(lostBelow, lostAtEnd(last, parsed[0], parsed[1]));
  const heads = files.flatMap((file) => [...file.frames, ...file.broken]);
  const found: FoundJournal = {
    state,
    baseSequence: base.record.state.sequence,
    sequences,
    lastNumber: Math.max(...heads.map((head) => head.number)),
    lastHardNumber: Math.max(...heads.map((head) => head.hardNumber)),
    lostBelow,
    memoryTailsLost: gap || files.every((file) => file.ragged || file.broken.length > 0),
    complete: last.record.kind === 'closed' || (base.record.starting && last === base),
    repaired:
      files.length < 2 || files.some((file) => file.ragged || file.broken.length > 0 || !same(file, files)),
  };
  return { kind: 'found', found };
}

function same(file: ParsedFile, files: readonly ParsedFile[]): boolean {
  return file.frames.at(-1)?.number === files[0]?.frames.at(-1)?.number;
}
