// Which test files there are. The list comes from the sources, never from what the build left: a test whose
// source is gone must not run, and one that was not compiled must not be missed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export interface TestFile {
  /** Path of the source, relative to the root of the checkout: what people see and select by. */
  readonly name: string;
  /** Absolute path of what Node runs; it may not exist. */
  readonly compiled: string;
  readonly source: string;
  readonly timeoutMs: number;
  /** Heavy files use several cores or much memory: few of them run at a time. */
  readonly heavy: boolean;
}

const DEFAULT_TIMEOUT_S = 120;

/** Notes for the runner stand in comments at the top of a test: `// timeout: 300 s` and `// weight: heavy`. */
function readTestFile(name: string, compiled: string, source: string): TestFile {
  const seconds = /^\/\/ timeout: (\d+) s\b/m.exec(source)?.[1];
  return {
    name,
    compiled,
    source,
    timeoutMs: Number(seconds ?? DEFAULT_TIMEOUT_S) * 1_000,
    heavy: /^\/\/ weight: heavy\b/m.test(source),
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
function clientOutput(root: string, buildDir: string): string {
  const own = join(buildDir, 'node_modules/@callboard/client/dist');
  return existsSync(own) ? own : join(root, 'client/dist');
}

export function findTestFiles(root: string, buildDir: string): TestFile[] {
  const rooms = [
    { sources: join(root, 'test'), output: join(buildDir, 'test') },
    { sources: join(root, 'client/src'), output: clientOutput(root, buildDir) },
  ];
  return rooms.flatMap(({ sources, output }) =>
    testSources(sources).map((file) => {
      const compiled = join(output, relative(sources, file).replace(/\.ts$/, '.js'));
      const name = relative(root, file).split(sep).join('/');
      return readTestFile(name, compiled, readFileSync(file, 'utf8'));
    }),
  );
}
