// Writes client/dist/browser/callboard.js: the whole client for browsers as one minified ES module, for pages without a build
// step. Takes what tsc wrote, and does nothing if that has not changed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'client/dist');
const OUTPUT = join(DIST, 'browser/callboard.js');
const STAMP = join(DIST, '.bundle-stamp');

function inputHash() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  const files = readdirSync(DIST, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file !== OUTPUT)
    .toSorted();
  for (const file of [...files, join(ROOT, 'package-lock.json')]) {
    hash.update(`${file.slice(ROOT.length)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

const hash = inputHash();
const fresh = existsSync(OUTPUT) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash;
if (!fresh) {
  const bundle = await rolldown({
    input: join(DIST, 'browser.js'),
    platform: 'browser',
    resolve: {
      conditionNames: ['browser', 'import'],
      // msgpackr alone would be half of the bundle.
      alias: {
        'msgpackr/pack': join(DIST, 'browser/msgpack.js'),
        'msgpackr/unpack': join(DIST, 'browser/msgpack.js'),
      },
    },
  });
  await bundle.write({ file: OUTPUT, format: 'es', minify: true });
  await bundle.close();
  writeFileSync(STAMP, hash);
}
