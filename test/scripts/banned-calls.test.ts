// The linter bans what it has rules for, our own check the rest: together they must catch every line below.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bannedCallsIn, checkBannedCalls } from '../../scripts/checks/banned-calls.ts';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { runTool } from '../../scripts/lib/tool.ts';
import { makeTree } from './temp-tree.ts';

const REPO = findRepoRoot(import.meta.url);
const ROOMS = ['kernel', 'actors', 'raft', 'partition', 'directory', 'kv'];

async function lint(files: Readonly<Record<string, string>>): Promise<string> {
  const root = makeTree(files);
  copyFileSync(join(REPO, '.oxlintrc.json'), join(root, '.oxlintrc.json'));
  return (await runTool('oxlint', 'oxlint', ['--format', 'unix'], root)).output;
}

const bannedByLinter = [
  'export const x = Date.now();',
  'export const x = new Date();',
  'export const x = performance.now();',
  'export const x = Math.random();',
  `export const x = Math['random']();`,
  'export const { random } = Math;',
  'setTimeout(() => undefined, 1);',
  'setInterval(() => undefined, 1);',
  'setImmediate(() => undefined);',
  'queueMicrotask(() => undefined);',
  'process.nextTick(() => undefined);',
  'export const x = process.env;',
  'export const x = Promise.resolve(1);',
  'export const x = new Promise<void>((done) => done());',
  'export const x = crypto.randomUUID();',
  'export const x = crypto.getRandomValues(new Uint8Array(1));',
  `import { randomBytes } from 'node:crypto';\nexport const x = randomBytes(1);`,
  'export const x = globalThis.Date;',
  `export const x = new WeakRef({});`,
  `console.log('x');`,
];

test('the linter catches banned globals, in every deterministic room', async () => {
  const files = bannedByLinter.map((source, index) => {
    const room = ROOMS[index % ROOMS.length] ?? '';
    return [`src/${room}/banned-${index}.ts`, source] as const;
  });
  const output = await lint(Object.fromEntries(files));
  for (const [file, source] of files) {
    const lines = output.split('\n').filter((line) => line.startsWith(`${file}:`));
    assert.ok(
      lines.some((line) => line.includes('no-restricted-')),
      `not caught: ${source}\n${output}`,
    );
  }
});

test('the client asks its platform for time, randomness and turns', async () => {
  const uses = [
    'export const x = Date.now();',
    'export const x = performance.now();',
    'export const x = Math.random();',
    'setTimeout(() => undefined, 1);',
    'queueMicrotask(() => undefined);',
    'export const x = AbortSignal.timeout(1);',
  ];
  const files = uses.map((source, index) => [`client/src/producer/banned-${index}.ts`, source] as const);
  const output = await lint({
    ...Object.fromEntries(files),
    'client/src/core/platform.ts': 'export const x = Date.now();',
  });
  for (const [file, source] of files) assert.match(output, `${file}:`, `not caught: ${source}`);
  assert.not.match(output, 'platform.ts');
});

test('the ban holds in each of the rooms, and nowhere else', async () => {
  const source = 'export const x = Date.now();';
  const inRooms = Object.fromEntries(ROOMS.map((room) => [`src/${room}/deep/x.ts`, source]));
  const output = await lint({ ...inRooms, 'src/node/x.ts': source, 'src/storage/x.ts': source });
  for (const room of ROOMS) assert.match(output, `src/${room}/deep/x.ts:`);
  assert.not.match(output, /src\/(node|storage)\//);
});

test('default exports and overlong files and functions are caught', async () => {
  const output = await lint({
    'src/node/default.ts': 'const x = 1;\nexport default x;',
    'src/node/long-file.ts': '// a line\n'.repeat(441),
    'src/node/long-function.ts': `export function f(): void {\n${'  // a line\n'.repeat(70)}}\n`,
    'src/node/just-fits.ts': `export function f(): void {\n${'  // a line\n'.repeat(68)}}\n`,
  });
  assert.match(output, /src\/node\/default\.ts:.*no-default-export/);
  assert.match(output, /src\/node\/long-file\.ts:.*max-lines\b/);
  assert.match(output, /src\/node\/long-function\.ts:.*max-lines-per-function/);
  assert.not.match(output, 'just-fits');
});

const bannedByTree: readonly (readonly [string, string])[] = [
  ['export async function f(): void {}', 'async function'],
  ['export const f = async () => 1;', 'async function'],
  ['export class C { async m() {} }', 'async function'],
  ['export async function* g() {}', 'async function'],
  ['export const x = await y;', 'await'],
  ['for await (const x of y) void x;', 'await'],
  [`export const x = import('./x.ts');`, 'import()'],
  ['export type X = Promise<number>;', 'promise type'],
  ['export function f(x: PromiseLike<number>): void { void x; }', 'promise type'],
  ['const m = Math;\nm.random();', 'Math passed around'],
  ['f(Math);', 'Math passed around'],
  ['export const o = { Math };', 'Math passed around'],
  ['export const x = Math[name]();', 'Math passed around'],
  ['// oxlint-disable-next-line no-restricted-globals\nDate.now();', 'cannot be lifted'],
  ['/* eslint-disable */\nDate.now();', 'cannot be lifted'],
];

for (const [source, fault] of bannedByTree) {
  test(`caught in the syntax tree: ${source}`, () => {
    const found = bannedCallsIn('src/raft/x.ts', source);
    assert.ok(found.length > 0, 'nothing was caught');
    assert.match(found.join('\n'), fault);
  });
}

test('ordinary code is let through', () => {
  const source = `
    interface Port { now(): number; readonly async: boolean; await(): void }
    export const clamp = (x: number, o: { Math: number }): number => Math.min(Math['max'](x, 0), o.Math);
    export function use(port: Port): number { port.await(); return port.async ? port.now() : 0; }
    // oxlint-disable-next-line no-bitwise
    export const bits = 1 | 2;
  `;
  assert.equal(bannedCallsIn('src/kernel/x.ts', source), []);
});

test('the check names file and line, and fails on an empty tree', () => {
  const { ok, output } = checkBannedCalls(makeTree({ 'src/actors/x.ts': '\nexport async function f() {}' }));
  assert.not.ok(ok);
  assert.match(output, /^src\/actors\/x\.ts:2: async function/);
  assert.not.ok(checkBannedCalls(makeTree({ 'src/node/x.ts': '' })).ok);
});

test('a file that does not parse is a failure, not a pass', () => {
  assert.throws(() => bannedCallsIn('src/raft/x.ts', 'export const = ;'), /does not parse/);
});

test.run();
