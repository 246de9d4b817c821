// The part of the import rule that depends on whether an import is of types or of values.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { lineOf, parse, walk } from '../lib/syntax-tree.ts';
import { listSources } from '../lib/source-tree.ts';
import { fromFaults } from './check-result.ts';
import type { CheckResult } from './check-result.ts';

/** Rooms from which only types may come: what they may import beyond that is in .dependency-cruiser.cjs. */
const TYPES_ONLY = [
  { from: /^src\/(partition|directory|kv)\//, to: /^src\/raft\// },
  { from: /^src\/doors\//, to: /^src\/actors\// },
];

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** Local modules that this one needs at run time. */
function valueImports(root: string, file: string, source: string): Edge[] {
  const { module } = parse(file, source);
  const imports = module.staticImports
    // `import './x.ts'` has no entries: it is there for its effect.
    .filter(({ entries }) => entries.length === 0 || entries.some((entry) => !entry.isType))
    .map((found) => ({ target: found.moduleRequest.value, offset: found.start }));
  const exports = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.moduleRequest === null || entry.isType
        ? []
        : [{ target: entry.moduleRequest.value, offset: entry.moduleRequest.start }],
    ),
  );
  return [...imports, ...exports]
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target, offset }) => ({
      from: file,
      to: posix.join(dirname(file), target),
      line: lineOf(source, offset),
    }))
    .filter(({ to }) => existsSync(join(root, to)));
}

/** `import('./x.ts').T` inside a type is an import that the tool for the rows does not see. */
function inlineTypeImports(file: string, source: string): string[] {
  const faults: string[] = [];
  walk(parse(file, source).program, (node) => {
    if (node.type !== 'TSImportType') return;
    faults.push(`${file}:${lineOf(source, node.start)}: write \`import type\`, not import() inside a type`);
  });
  return faults;
}

/** At least one circle of each knot of modules, as the path that closes it. */
export function findCircles(edges: readonly { from: string; to: string }[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const path: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const to of targets.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const { from } of edges) visit(from);
  return circles;
}

export function checkImportKinds(root: string): CheckResult {
  const files = listSources(root, ['src', 'client/src', 'sim', 'test', 'bench', 'scripts']);
  if (files.length === 0) return { ok: false, output: 'no file was checked' };
  const sources = files.map((file) => ({ file, source: readFileSync(join(root, file), 'utf8') }));
  const edges = sources.flatMap(({ file, source }) => valueImports(root, file, source));
  const values = edges
    .filter(({ from, to }) => TYPES_ONLY.some((rule) => rule.from.test(from) && rule.to.test(to)))
    .map(({ from, to, line }) => `${from}:${line}: only types may be imported from ${to}`);
  const circles = findCircles(edges).map((circle) => `circular import: ${circle.join(' -> ')}`);
  const inline = sources.flatMap(({ file, source }) => inlineTypeImports(file, source));
  return fromFaults(
    [...values, ...circles, ...inline],
    `${files.length} files, ${edges.length} value imports`,
  );
}
