/**
 * The interaction scripts in golden/, one test each. GOLDEN_WRITE=1 writes what happens into them; read the difference
 * before you keep it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { replay } from './script.ts';

/** The scripts lie beside the sources, which are somewhere above the build. */
function goldenDir(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); dir !== dirname(dir); dir = dirname(dir)) {
    const golden = join(dir, 'test/raft/golden');
    if (existsSync(golden)) return golden;
  }
  throw new Error('test/raft/golden is nowhere above this file');
}

const dir = goldenDir();
const files = readdirSync(dir).filter((file) => file.endsWith('.txt'));

/** The first comment says what the script shows. */
function title(text: string): string {
  return /^# (.*)$/m.exec(text)?.[1] ?? 'a script without a title';
}

for (const file of files.toSorted()) {
  const path = join(dir, file);
  const text = readFileSync(path, 'utf8');
  test(`${file}: ${title(text)}`, () => {
    const actual = replay(text);
    if (process.env['GOLDEN_WRITE'] === '1') writeFileSync(path, actual);
    else assert.fixture(actual, text);
  });
}

test('the scripts are there', () => {
  assert.ok(files.length >= 12, `${files.length} scripts`);
});

test.run();
