/** A lint of the Dockerfile: no engine runs where these tests do, so what can be known without one is checked here. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';

const test = suite('Dockerfile');
const root = findRepoRoot(import.meta.url);

interface Instruction {
  readonly name: string;
  readonly rest: string;
  /** 0 for the first stage. */
  readonly stage: number;
}

function instructions(): readonly Instruction[] {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  let stage = -1;
  return lines.map((line) => {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stage += 1;
    return { name, rest, stage };
  });
}

const all = instructions();
const named = (name: string): readonly Instruction[] => all.filter((one) => one.name === name);
const isExecForm = (text: string): boolean => Array.isArray(JSON.parse(text));

test('has two stages on a tagged image', () => {
  const images = named('FROM').map(({ rest }) => rest);
  assert.equal(images, ['${NODE_IMAGE} AS build', '${NODE_IMAGE}']);
  assert.match(named('ARG')[0]?.rest ?? '', /^NODE_IMAGE=node:(2[0-9])-slim$/);
});

test('copies only what exists and is not ignored', () => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
  for (const { rest } of named('COPY')) {
    const words = rest.split(/\s+/);
    const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1);
    const from = /--from=(\w+)/.exec(rest)?.[1];
    assert.ok(from === undefined || from === 'build', rest);
    for (const source of sources) {
      const local = from === undefined ? source : source.replace(/^\/callboard\//, '');
      assert.ok(existsSync(join(root, local)), `${source} does not exist`);
      if (from === undefined) assert.not(ignored.includes(source), `${source} is ignored`);
    }
  }
});

test('builds without scripts of packages, and leaves the development tools behind', () => {
  const runs = named('RUN').map(({ rest }) => (JSON.parse(rest) as string[]).join(' '));
  assert.ok(runs.includes('npm ci --ignore-scripts'));
  assert.ok(runs.includes('npm prune --omit=dev --ignore-scripts'));
  assert.is(named('ADD').length, 0);
});

test('runs everything in exec form, as a user without rights', () => {
  for (const { name, rest } of [...named('RUN'), ...named('ENTRYPOINT'), ...named('CMD')]) {
    assert.ok(isExecForm(rest), `${name} ${rest}`);
  }
  const [user, ...more] = named('USER');
  assert.is(more.length, 0);
  assert.equal([user?.rest, user?.stage], ['node', 1]);
  const after = all.slice(all.findIndex((one) => one === user) + 1).map(({ name }) => name);
  assert.equal(after, ['EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']);
});

async function exitCodeOf(script: string, port: number): Promise<number | null> {
  const child = new Child([process.execPath, '-e', script.replace(':8080', `:${port}`)]);
  return (await child.ended).code;
}

test('asks /readyz for its health, with what the image has', async () => {
  const [, options = '', command = ''] = /^(.*?) CMD (.*)$/.exec(named('HEALTHCHECK')[0]?.rest ?? '') ?? [];
  assert.match(options, /--interval=\d+s --timeout=\d+s/);
  const [program, flag, script = ''] = JSON.parse(command.trim()) as string[];
  assert.equal([program, flag], ['node', '-e']);
  let status = 200;
  const node = createServer((request, response) => {
    response.writeHead(request.url === '/readyz' ? status : 404).end();
  });
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
  const { port } = node.address() as AddressInfo;
  assert.is(await exitCodeOf(script, port), 0);
  status = 503;
  assert.is(await exitCodeOf(script, port), 1);
  node.close();
  node.closeAllConnections();
  assert.is(await exitCodeOf(script, port), 1);
});

test('starts a file of the build', () => {
  const [node, main = ''] = JSON.parse(named('ENTRYPOINT')[0]?.rest ?? '[]') as string[];
  assert.is(node, 'node');
  assert.ok(existsSync(join(root, main)), main);
});

test.run();
