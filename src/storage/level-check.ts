/** Looks through the tables of a closed database for what would end the process once LevelDB met it. Production only. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { liveTables, type LiveTable } from './level-manifest.ts';
import { tableFault } from './level-table.ts';

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function tablesOf(directory: string): Promise<readonly LiveTable[]> {
  const current = await readIfThere(join(directory, 'CURRENT'));
  const name = /^(MANIFEST-\d+)\n$/.exec(Buffer.from(current ?? []).toString('latin1'))?.[1];
  const manifest = name === undefined ? undefined : await readIfThere(join(directory, name));
  // Without a manifest that can be read LevelDB does not open, and touches no table.
  return manifest === undefined ? [] : (liveTables(manifest) ?? []);
}

/** What is wrong with the first table that is unsound; undefined: nothing. Takes as long as reading the tables does. */
export async function levelFault(directory: string): Promise<string | undefined> {
  for (const { number, bytes, first, last } of await tablesOf(directory)) {
    const name = String(number).padStart(6, '0');
    const table =
      (await readIfThere(join(directory, `${name}.ldb`))) ??
      (await readIfThere(join(directory, `${name}.sst`)));
    if (table === undefined) return `table ${name} is missing`;
    if (table.length !== bytes) {
      return `table ${name} has ${String(table.length)} bytes, not ${String(bytes)}`;
    }
    const fault = tableFault(table, { first, last });
    if (fault !== undefined) return `table ${name} is unsound: ${fault}`;
  }
  return undefined;
}
