// uvu ends well in cases where nothing was tested: a `before` hook that throws, and a suite whose `.run()` was
// forgotten, both leave exit code 0. So its exit code is one witness among several, and these are the others.

export interface UvuSummary {
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
}

const ANSI = /\u001b\[[0-9;]*m/g;

export function stripColours(text: string): string {
  return text.replace(ANSI, '');
}

function sumOf(text: string, label: string): { count: number; sum: number } {
  const found = [...text.matchAll(new RegExp(`^ {2}${label}: +(\\d+) *$`, 'gm'))];
  return { count: found.length, sum: found.reduce((sum, match) => sum + Number(match[1]), 0) };
}

/**
 * What uvu counted, or null if it never finished. A file that registers suites after an `await` prints several
 * summaries, each of the suites since the one before; so they add up.
 */
export function parseSummary(output: string): UvuSummary | null {
  const text = stripColours(output);
  const total = sumOf(text, 'Total');
  const passed = sumOf(text, 'Passed');
  const skipped = sumOf(text, 'Skipped');
  if (total.count === 0 || total.count !== passed.count || total.count !== skipped.count) return null;
  return { total: total.sum, passed: passed.sum, skipped: skipped.sum };
}

/** Names bound to a suite in this source: `const s = suite(...)`, and `test` where it comes from uvu. */
function suiteNames(source: string): string[] {
  const names = [...source.matchAll(/\b(?:const|let)\s+(\w+)\s*(?::[^=\n]+)?=\s*suite\b/g)].map(
    (match) => match[1],
  );
  const imported = /import\s*\{([^}]*)\}\s*from\s*['"]uvu['"]/.exec(source)?.[1] ?? '';
  const test = /(?:^|[\s,])test(?:\s+as\s+(\w+))?\s*(?:,|$)/.exec(imported);
  if (test !== null) names.push(test[1] ?? 'test');
  return names.filter((name) => name !== undefined);
}

/**
 * Suites of this source that are filled and never run, or filled again after their last `.run()`: uvu forgets
 * their tests in silence, and if another suite of the file does run, its summary looks perfect.
 */
export function forgottenSuites(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return suiteNames(code).filter((name) => {
    const fills = [...code.matchAll(new RegExp(`\\b${name}(?:\\.only)?\\(`, 'g'))];
    const lastFill = fills.at(-1)?.index ?? -1;
    return lastFill > code.lastIndexOf(`${name}.run(`);
  });
}
