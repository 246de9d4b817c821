// A small tree with the layout of this one, and imports that the rule must refuse or allow.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckResult } from '../../scripts/checks/check-result.ts';
import { checkImportKinds, findCircles } from '../../scripts/checks/import-kinds.ts';
import { checkImportRule } from '../../scripts/checks/import-rule.ts';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { makeTree } from './temp-tree.ts';

const REPO = findRepoRoot(import.meta.url);
const CONFIG = join(REPO, '.dependency-cruiser.cjs');

const ROOMS: Readonly<Record<string, string>> = {
  'package.json': '{"name":"fixture","type":"module"}',
  'client/package.json':
    '{"name":"@callboard/client","type":"module","exports":{"./protocol":"./dist/protocol/index.js"}}',
  'client/dist/protocol/index.js': 'export const frame = 1;',
  'client/src/protocol/index.ts': 'export const frame = 1;',
  'node_modules/ws/package.json': '{"name":"ws","main":"index.js"}',
  'node_modules/ws/index.js': 'module.exports = 1;',
  'src/kernel/a.ts': 'export const a = 1;',
  'src/raft/a.ts': 'export const a = 1;',
  'src/partition/a.ts': 'export const a = 1;',
  'src/node/main.ts': 'export const main = 1;',
  'sim/a.ts': 'export const a = 1;',
  'test/a.ts': 'export const a = 1;',
};

function tree(files: Readonly<Record<string, string>>): string {
  const root = makeTree({ ...ROOMS, ...files, 'node_modules/@callboard/README': '' });
  symlinkSync('../../client', join(root, 'node_modules/@callboard/client'));
  return root;
}

function rows(files: Readonly<Record<string, string>>): Promise<CheckResult> {
  return checkImportRule(tree(files), CONFIG);
}

const forbidden: readonly (readonly [string, string, string])[] = [
  ['src/kernel/b.ts', `import { a } from '../raft/a.ts'; void a;`, 'kernel'],
  ['src/kernel/b.ts', `import type { a } from '../raft/a.ts'; export type A = typeof a;`, 'kernel'],
  ['src/kernel/b.ts', `export * from '../raft/a.ts';`, 'kernel'],
  ['src/kernel/b.ts', `import { frame } from '@callboard/client/protocol'; void frame;`, 'kernel'],
  ['src/kernel/b.ts', `import { readFileSync } from 'node:fs'; void readFileSync;`, 'kernel'],
  ['src/raft/b.ts', `import { a } from '../kernel/a.ts'; void a;`, 'raft'],
  ['src/raft/b.ts', `import ws from 'ws'; void ws;`, 'raft'],
  ['src/raft/b.ts', `import x from 'left-out'; void x;`, 'raft'],
  ['src/partition/b.ts', `import { a } from '../kernel/a.ts'; void a;`, 'partition'],
  ['src/directory/b.ts', `import os from 'os'; void os;`, 'directory'],
  ['src/actors/b.ts', `import { hostname } from 'node:os'; void hostname;`, 'actors'],
  ['src/storage/b.ts', `import { WebSocket } from 'ws'; void WebSocket;`, 'storage'],
  ['src/doors/http/b.ts', `import { a } from '../../raft/a.ts'; void a;`, 'doors'],
  ['src/cli/b.ts', `import { a } from '../raft/a.ts'; void a;`, 'cli'],
  ['bench/b.ts', `import { a } from '../sim/a.ts'; void a;`, 'bench'],
  ['src/node/b.ts', `import { a } from '../../sim/a.ts'; void a;`, 'not-from-sim-or-test'],
  ['src/node/b.ts', `export const load = () => import('../../test/a.ts');`, 'not-from-sim-or-test'],
  ['client/src/protocol/b.ts', `import ws from 'ws'; void ws;`, 'protocol'],
  ['client/src/connection.ts', `import ws from 'ws'; void ws;`, 'client'],
];

test('what a row does not name is refused', async () => {
  const cases = forbidden.map(([file, source, row], index) => {
    return { file: file.replace('.ts', `-${index}.ts`), source, row };
  });
  const { ok, output } = await rows(Object.fromEntries(cases.map(({ file, source }) => [file, source])));
  assert.not.ok(ok);
  const lines = output.split('\n');
  for (const { file, source, row } of cases) {
    const caught = lines.some((line) => line.startsWith(`${file}: the row '${row}' forbids`));
    assert.ok(caught, `not refused in ${file}: ${source}\n${output}`);
  }
});

test('what the rows name is allowed', async () => {
  const protocol = `import { frame } from '@callboard/client/protocol'; void frame;`;
  const { ok, output } = await rows({
    'src/raft/b.ts': protocol,
    'src/partition/b.ts': `${protocol} import type { a } from '../raft/a.ts'; export type A = typeof a;`,
    'src/actors/b.ts': `${protocol} import { a } from '../kernel/a.ts'; void a; export * from '../raft/a.ts';`,
    'src/storage/b.ts': `${protocol} import { readFileSync } from 'node:fs'; void readFileSync;`,
    'src/transport/b.ts': `${protocol} import ws from 'ws'; void ws;`,
    'src/cli/b.ts': `import { main } from '../node/main.ts'; void main; import os from 'node:os'; void os;`,
    'client/src/node.ts': `import ws from 'ws'; void ws; import { frame } from './protocol/index.ts'; void frame;`,
    'sim/b.ts': `import { a } from '../src/raft/a.ts'; void a;`,
  });
  assert.ok(ok, output);
});

test('an import that cannot be resolved is refused, except of a client not yet built', async () => {
  const lost = await rows({ 'src/node/b.ts': `import { a } from './nowhere.ts'; void a;` });
  assert.match(lost.output, 'unresolvable');
  const source = `import { frame } from '@callboard/client/protocol'; void frame;`;
  const unbuilt = makeTree({ 'src/raft/b.ts': source, 'src/kernel/b.ts': source });
  const { output } = await checkImportRule(unbuilt, CONFIG);
  assert.is(output, `src/kernel/b.ts: the row 'kernel' forbids @callboard/client/protocol`);
});

test('the simulator has no circles, of types neither', async () => {
  const { output } = await rows({
    'sim/b.ts': `import type { C } from './c.ts';\nexport interface B { readonly c: C }`,
    'sim/c.ts': `import type { B } from './b.ts';\nexport interface C { readonly b: B }`,
  });
  assert.match(output, `sim/b.ts: the row 'no-circles-in-sim' forbids sim/c.ts`);
});

test('a room without a row is refused', async () => {
  const { output } = await rows({ 'src/attic/b.ts': 'export const b = 1;' });
  assert.match(output, 'src/attic/b.ts: is in no room');
});

test('looking at nothing is a failure', async () => {
  const empty = makeTree({ 'package.json': '{}' });
  assert.not.ok((await checkImportRule(empty, CONFIG)).ok);
  assert.not.ok(checkImportKinds(empty).ok);
});

test('a parser that sees no module is a failure', async () => {
  const blind = makeTree({ 'config.cjs': `module.exports = { options: { parser: 'swc', exclude: '.' } };` });
  const { ok, output } = await checkImportRule(tree({}), join(blind, 'config.cjs'));
  assert.not.ok(ok);
  assert.match(output, 'src/raft/a.ts: was not looked at');
});

test('values may not come from where only types may', () => {
  const root = tree({
    'src/partition/b.ts': `import { type A, a } from '../raft/a.ts'; void a; export type B = A;`,
    'src/doors/b.ts': `import '../actors/a.ts';\nexport { a } from '../actors/a.ts';`,
    'src/actors/a.ts': 'export const a = 1;',
  });
  const { output } = checkImportKinds(root);
  assert.is(
    output,
    [
      'src/doors/b.ts:1: only types may be imported from src/actors/a.ts',
      'src/doors/b.ts:2: only types may be imported from src/actors/a.ts',
      'src/partition/b.ts:1: only types may be imported from src/raft/a.ts',
    ].join('\n'),
  );
});

test('an import inside a type is refused: no other check sees it', () => {
  const { output } = checkImportKinds(
    tree({ 'src/kernel/b.ts': `export type A = import('../raft/a.ts').A;` }),
  );
  assert.match(output, 'src/kernel/b.ts:1: write `import type`');
});

test('circles of values are refused, circles of types are not', () => {
  const circle = { 'src/kernel/b.ts': `import { c } from './c.ts';\nexport const b = c;` };
  const values = tree({ ...circle, 'src/kernel/c.ts': `export { b as c } from './b.ts';` });
  assert.match(
    checkImportKinds(values).output,
    'circular import: src/kernel/b.ts -> src/kernel/c.ts -> src/kernel/b.ts',
  );
  const types = tree({
    ...circle,
    'src/kernel/c.ts': `import type { B } from './b.ts';\nexport const c: B = 1;`,
  });
  assert.ok(checkImportKinds(types).ok);
});

test('circles are found wherever they hang', () => {
  const edge = (from: string, to: string): { from: string; to: string } => ({ from, to });
  assert.equal(findCircles([edge('a', 'b'), edge('b', 'c'), edge('a', 'c')]), []);
  assert.equal(findCircles([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')]), [['b', 'c', 'b']]);
});

test.run();
