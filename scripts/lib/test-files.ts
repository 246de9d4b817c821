// Which test files there are. The list comes from the sources, never from what the build left: a test whose
// source is gone must not run, and one that was not compiled must not be missed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

export interface TestFile {
  /** Path of the source, relative to the root of the checkout: what people see and select by. */
  readonly name: string;
  /** Absolute path of what Node runs; it may not exist. */
  readonly compiled: string;
  readonly source: string;
  readonly timeoutMs: number;
  /** Heavy files use several cores or much memory: few of them run at a time. */
  readonly heavy: boolean;
  readonly startsProcesses: boolean;
  /** Some of them are the command itself. */
  readonly startsNodes: boolean;
  /** It does more with TEST_FULL=1. */
  readonly hasRepeats: boolean;
  /** Its name ends with `.full.test.ts`: it runs with TEST_FULL=1 only, or when it is named. */
  readonly fullOnly: boolean;
  /** Test files that it imports: they run in its process, to share what is dear to set up. */
  readonly parts: readonly TestPart[];
}

export interface TestPart {
  readonly name: string;
  readonly source: string;
}

const DEFAULT_TIMEOUT_S = 120;
/** Whoever imports this asks whether everything is to be run. */
const EFFORT = 'test/lib/effort.ts';
/** Who imports one of these starts nodes. */
const NODES = ['test/lib/cluster.ts', 'test/lib/dev-process.ts'];
/** What belongs to the tests: a module of the product may start processes that a test of it never asks for. */
const OF_TESTS = ['test', 'scripts/lib'];

/** Types alone are nothing that runs. */
const IMPORT = /^(?:import|export)\b(?! type\b)[^;]*?'(\.{1,2}\/[^']+)'/gm;
const PROCESSES = /^import\b(?! type\b)[^;]*?'node:child_process'/m;

/** The sources that a test is made of: its own, and those of the tests' helpers that it imports, directly or through others. */
class TestSources {
  readonly #root: string;
  readonly #texts = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  reach(file: string): ReadonlySet<string> {
    const reached = new Set([file]);
    // The set grows while it is walked.
    for (const path of reached) {
      for (const [, name = ''] of this.text(path).matchAll(IMPORT)) {
        const imported = resolve(dirname(path), name);
        if (this.#ofTests(imported) && existsSync(imported)) reached.add(imported);
      }
    }
    return reached;
  }

  text(path: string): string {
    const known = this.#texts.get(path) ?? readFileSync(path, 'utf8');
    this.#texts.set(path, known);
    return known;
  }

  #ofTests(path: string): boolean {
    return OF_TESTS.some((room) => path.startsWith(join(this.#root, room) + sep));
  }
}

/** Notes for the runner stand in comments at the top of a test: `// timeout: 300 s` and `// weight: heavy`. */
function readTestFile(root: string, file: string, compiled: string, sources: TestSources): TestFile {
  const source = sources.text(file);
  const seconds = /^\/\/ timeout: (\d+) s\b/m.exec(source)?.[1];
  const reached = sources.reach(file);
  const nameOf = (path: string): string => relative(root, path).split(sep).join('/');
  const parts = [...reached].filter((path) => path !== file && path.endsWith('.test.ts'));
  return {
    name: nameOf(file),
    compiled,
    source,
    timeoutMs: Number(seconds ?? DEFAULT_TIMEOUT_S) * 1_000,
    heavy: /^\/\/ weight: heavy\b/m.test(source),
    startsProcesses: [...reached].some((path) => PROCESSES.test(sources.text(path))),
    startsNodes: NODES.some((path) => reached.has(join(root, path))),
    hasRepeats: reached.has(join(root, EFFORT)),
    fullOnly: file.endsWith('.full.test.ts'),
    parts: parts.map((path) => ({ name: nameOf(path), source: sources.text(path) })),
  };
}

function testSources(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** Where the client's compiled files are: a private build carries its own copy of the package. */
export function clientOutput(root: string, buildDir: string): string {
  const own = join(buildDir, 'node_modules/@callboard/client/dist');
  return existsSync(own) ? own : join(root, 'client/dist');
}

export function findTestFiles(root: string, buildDir: string): TestFile[] {
  const rooms = [
    { sources: join(root, 'test'), output: join(buildDir, 'test') },
    { sources: join(root, 'client/src'), output: clientOutput(root, buildDir) },
  ];
  const texts = new TestSources(root);
  return rooms.flatMap(({ sources, output }) =>
    testSources(sources).map((file) => {
      const compiled = join(output, relative(sources, file).replace(/\.ts$/, '.js'));
      return readTestFile(root, file, compiled, texts);
    }),
  );
}

/** Those of these that do not run as a part of another one of them. */
export function withoutParts(files: readonly TestFile[]): readonly TestFile[] {
  const parts = new Set(files.flatMap((file) => file.parts.map(({ name }) => name)));
  return files.filter(({ name }) => !parts.has(name));
}
