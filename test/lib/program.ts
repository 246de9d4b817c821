/** Programs that some tests need and that not every machine has: without them a test is skipped, loudly; under CI it fails. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps servers; not in everybody's PATH. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of the program; undefined, after a loud line, if it is not installed and this is not CI. */
export function findProgram(name: string, debianPackage: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_DIRECTORIES];
  const found = directories.map((directory) => join(directory, name)).find(isExecutable);
  if (found !== undefined) return found;
  const wayOut = `apt-get install ${debianPackage}`;
  if ((process.env['CI'] ?? '') !== '') throw new Error(`${name} is not installed here: ${wayOut}`);
  process.stdout.write(
    `!!!!! SKIPPED: ${name} is not installed here, so nothing of this was tested: ${wayOut}\n`,
  );
  return undefined;
}
