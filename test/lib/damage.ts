/** What a bad disk does to the files of a stopped node: LevelDB's own and the two journals. */
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { frameHeaderBytes, parseFile } from '../../src/storage/journal-records.ts';
import { journalNames } from '../../src/storage/journal.ts';

/** LevelDB's files in a data directory whose names end so, oldest first. */
export function levelFiles(directory: string, ending: string): readonly string[] {
  return readdirSync(join(directory, 'log'))
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => join(directory, 'log', name));
}

export function manifestOf(directory: string): string {
  const path = levelFiles(directory, '').findLast((name) => name.includes('MANIFEST'));
  if (path === undefined) throw new Error(`no manifest in ${directory}`);
  return path;
}

export function flipBit(path: string, at: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(path, bytes);
}

/** Removes what a power loss may take of the journals: the tail records behind the last hard one. */
export function forgetUnsyncedTails(directory: string): void {
  for (const name of journalNames) {
    const path = join(directory, name);
    const bytes = readFileSync(path);
    const { frames } = parseFile(bytes, crc32);
    const last = frames.findLastIndex((frame) => frame.hard);
    let end = 0;
    for (const _ of frames.slice(0, last + 1)) end += frameHeaderBytes + bytes.readUInt32LE(end + 8);
    truncateSync(path, end);
  }
}
