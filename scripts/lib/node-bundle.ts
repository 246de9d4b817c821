// The `callboard` command of a build in a few files, for tests that start it hundreds of times: to find and load some 300 modules
// takes more processor time than all that a node does until it is ready.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

/** Under the build, so that packages are found as its own files find them. */
const ROOM = '.node-bundles';
/** By then no test runs on an older one. */
const KEPT_MS = 24 * 3_600_000;
/** Packages with native parts, which they look for beside their own files, and what other packages can do without. */
const EXTERNAL = [
  'classic-level',
  'memory-level',
  'level',
  'msgpackr-extract',
  'bufferutil',
  'utf-8-validate',
];

/** What is bundled, and what bundles it: a bundle of anything else must not be taken for this one. */
function inputHash(buildDir: string, client: string): string {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const room of [join(buildDir, 'src'), join(buildDir, 'test/cli/stand-in'), client]) {
    const files = readdirSync(room, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
    for (const file of files) {
      const bytes = readFileSync(file);
      hash.update(`${file}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function write(entries: Readonly<Record<string, string>>, directory: string): Promise<void> {
  const starts = new Set(Object.values(entries));
  const bundle = await rolldown({
    input: { ...entries },
    platform: 'node',
    external: EXTERNAL,
    logLevel: 'silent',
    plugins: [
      {
        name: 'places',
        // Modules find files beside them. The command itself starts more processes like its own, which are those of the bundle.
        transform: (code, id) => {
          if (starts.has(id) || id.includes(`${sep}node_modules${sep}`)) return null;
          return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
        },
      },
    ],
  });
  await bundle.write({ dir: directory, format: 'es', entryFileNames: '[name].js', keepNames: true });
  await bundle.close();
}

/** Makes the bundle if there is none of this build, and returns where its entries `main.js` and `stand-in.js` are. */
export async function bundleNode(buildDir: string, client: string): Promise<string> {
  const room = join(buildDir, ROOM);
  const directory = join(room, inputHash(buildDir, client));
  if (existsSync(directory)) return directory;
  const entries = {
    main: join(buildDir, 'src/cli/main.js'),
    'stand-in': join(buildDir, 'test/cli/stand-in/main.js'),
  };
  const made = mkdtempSync(`${buildDir}${sep}.node-bundle-`);
  await write(entries, made);
  for (const old of existsSync(room) ? readdirSync(room) : []) {
    const path = join(room, old);
    if (performance.timeOrigin - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true });
  }
  mkdirSync(room, { recursive: true });
  try {
    renameSync(made, directory);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(join(directory, 'main.js'))) throw error;
    rmSync(made, { recursive: true });
  }
  return directory;
}
