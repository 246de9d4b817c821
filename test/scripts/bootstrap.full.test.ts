// The way in, run in a copy of its own with an npm and a compiler that only write down that they were called.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { eventually } from '../lib/eventually.ts';
import { makeTree } from './temp-tree.ts';

const REPO = findRepoRoot(import.meta.url);

const NPM = `
const fs = require('node:fs');
fs.appendFileSync('log', 'npm ' + process.argv[2] + '\\n');
fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
fs.copyFileSync('fake-tsc.js', 'node_modules/typescript/bin/tsc');
fs.writeFileSync('node_modules/.package-lock.json', '{}');
`;
const TSC = `
const fs = require('node:fs');
fs.appendFileSync('log', 'tsc\\n');
for (const [dir, file] of [['dist/src/cli', 'main.js'], ['client/dist/protocol', 'index.js']]) {
  fs.mkdirSync(dir, { recursive: true });
  fs.copyFileSync('main.js', dir + '/' + file);
}
process.exitCode = fs.existsSync('broken') ? 1 : 0;
`;

const BUNDLE = `
import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('client/dist/browser', { recursive: true });
writeFileSync('client/dist/browser/callboard.js', '');
`;

function checkout(main = `console.log('args', ...process.argv.slice(2));`): string {
  const root = makeTree({
    'package.json': '{}',
    'package-lock.json': '{}',
    'client/package.json': '{}',
    'tsconfig.json': '{}',
    'tsconfig.base.json': '{}',
    'client/tsconfig.json': '{}',
    'src/cli/main.ts': '// 1',
    'client/src/protocol/index.ts': '// 1',
    'fake-npm.js': NPM,
    'fake-tsc.js': TSC,
    'main.js': main,
    'scripts/client-bundle.mjs': BUNDLE,
    log: '',
  });
  cpSync(join(REPO, 'scripts/bootstrap'), join(root, 'scripts/bootstrap'), { recursive: true });
  cpSync(join(REPO, 'scripts/bootstrap.mjs'), join(root, 'scripts/bootstrap.mjs'));
  return root;
}

function environment(root: string): NodeJS.ProcessEnv {
  return { ...process.env, npm_execpath: join(root, 'fake-npm.js') };
}

function bootstrap(root: string, ...args: string[]): { status: number | null; stdout: string; log: string } {
  writeFileSync(join(root, 'log'), '');
  const done = spawnSync(process.execPath, ['scripts/bootstrap.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environment(root),
  });
  const log = readFileSync(join(root, 'log'), 'utf8').trim().replaceAll('\n', ', ');
  return { status: done.status, stdout: done.stdout.trim(), log };
}

test('a first start installs and builds, a second does neither', () => {
  const root = checkout();
  assert.is(bootstrap(root, 'start', '--', '--port', '1').log, 'npm ci, tsc');
  const second = bootstrap(root, 'start', '--', '--port', '1');
  assert.is(second.log, '');
  assert.is(second.stdout, 'args dev --end-with-parent --port 1');
});

test('a start builds again when a source has changed, and only then', () => {
  const root = checkout();
  const source = join(root, 'src/cli/main.ts');
  bootstrap(root, 'start');
  utimesSync(source, new Date(), new Date());
  assert.is(bootstrap(root, 'start').log, '');
  writeFileSync(source, '// 2');
  assert.is(bootstrap(root, 'start').log, 'tsc');
  rmSync(join(root, 'dist/src/cli/main.js'));
  assert.is(bootstrap(root, 'start').log, 'tsc');
});

test('a start installs again when the lock has changed, whatever its time', () => {
  const root = checkout();
  const lock = join(root, 'package-lock.json');
  bootstrap(root, 'start');
  const later = new Date(Date.now() + 60_000);
  utimesSync(lock, later, later);
  assert.is(bootstrap(root, 'start').log, '');
  writeFileSync(lock, '{"changed":true}');
  utimesSync(lock, later, later);
  assert.is(bootstrap(root, 'start').log, 'npm ci, tsc');
});

test('a build that fails is not started, and not taken for fresh', () => {
  const root = checkout();
  writeFileSync(join(root, 'broken'), '');
  const failed = bootstrap(root, 'start');
  assert.is(failed.status, 1);
  assert.is(failed.stdout.includes('args'), false);
  rmSync(join(root, 'broken'));
  assert.is(bootstrap(root, 'start').log, 'tsc');
});

test('a test run that cannot be built still ends in a count', () => {
  const { status, stdout } = bootstrap(checkout(), 'test');
  assert.is(status, 1);
  assert.match(stdout, /\n?0 passed, 1 failed$/);
});

test('the exit code of the server is ours', () => {
  assert.is(bootstrap(checkout('process.exitCode = 7;'), 'start').status, 7);
  assert.is(bootstrap(checkout(`process.kill(process.pid, 'SIGKILL');`), 'start').status, 137);
});

test('the server sees the end of `npm start`, however it ends, and hears that npm itself is gone', async () => {
  const root = checkout(`
    const { appendFileSync } = await import('node:fs');
    const { Socket } = await import('node:net');
    const end = (why) => { appendFileSync('why', why); process.exit(); };
    if (!process.argv.includes('killed')) process.on('SIGTERM', () => end('SIGTERM'));
    else new Socket({ fd: 3, readable: true }).on('end', () => end('end of descriptor 3')).resume();
    setInterval(() => undefined, 1_000);
    console.log('up');
  `);
  // A shell that stands for npm, with the start below it.
  for (const [who, flag] of [
    ['start', 'killed'],
    ['npm', 'orphaned'],
  ] as const) {
    const script = `"$0" scripts/bootstrap.mjs start ${flag} & echo "start $!"; wait`;
    const npm = spawn('sh', ['-c', script, process.execPath], {
      cwd: root,
      env: { ...environment(root), npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await eventually('it is up', () => output.includes('up'));
    const start = Number(/start (\d+)/.exec(output)?.[1]);
    process.kill(who === 'npm' ? (npm.pid ?? 0) : start, 'SIGKILL');
    const why = who === 'npm' ? 'SIGTERM' : 'end of descriptor 3';
    await eventually(`it ends by ${why}`, () => {
      return existsSync(join(root, 'why')) && readFileSync(join(root, 'why'), 'utf8') === why;
    });
    rmSync(join(root, 'why'));
  }
});

test('a signal that arrives twice at once reaches the server once', async () => {
  const root = checkout(`
    let count = 0;
    process.on('SIGINT', () => { count += 1; setTimeout(() => process.exit(10 + count), 300); });
    setInterval(() => undefined, 1_000);
    console.log('up');
  `);
  const child = spawn(process.execPath, ['scripts/bootstrap.mjs', 'start'], {
    cwd: root,
    env: environment(root),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    if (!text.includes('up')) return;
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 50);
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  assert.is(code, 11);
});

test.run();
