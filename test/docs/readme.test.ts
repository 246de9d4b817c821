// timeout: 120 s
// weight: heavy
/** The quick start of the README works as it is written: its lines are pasted into a shell, with a test's cluster for their address. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { Child } from '../lib/child.ts';
import { withCluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';

const test = suite('README');
const root = findRepoRoot(import.meta.url);
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** Lines of a terminal of ordinary height. */
const SCREEN_LINES = 40;

function section(title: string): string {
  const [, after = ''] = readme.split(`\n## ${title}\n`);
  return after.split('\n## ')[0] ?? '';
}

function blocks(text: string): readonly string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, code = '']) => code);
}

async function paste(lines: string): Promise<string> {
  const shell = new Child(['sh', '-c', lines], { cwd: root });
  try {
    const end = await eventually('the lines are done', () => shell.end, 60_000);
    assert.is(end.code, 0, shell.output);
    return shell.output;
  } finally {
    await shell.destroy();
  }
}

test('the quick start fits one screen', () => {
  const lines = section('Quick start').trim().split('\n');
  assert.ok(lines.length <= SCREEN_LINES, `${lines.length} lines`);
  assert.ok(section('Quick start').includes('\n$ npm start\n'));
});

test('its lines produce by curl and consume by the client', async () => {
  const [curl, program, ...more] = blocks(section('Quick start'));
  assert.ok(curl !== undefined && program !== undefined && more.length === 0);
  await withCluster({}, async (cluster) => {
    const here = (lines: string): string => {
      assert.ok(lines.includes('localhost:8080'));
      return lines.replaceAll('localhost:8080', new URL(cluster.node(0).url).host);
    };
    const said = await paste(here(curl));
    assert.match(said, /Topic 'orders' created successfully/);
    assert.match(said, /"status":"success","partition":0,"offset":0/);
    const read = (await paste(here(program))).trim().split('\n');
    assert.is(read.length, 2, read.join('\n'));
    assert.ok(read.includes('0/0 two tickets'), read.join('\n'));
    assert.ok(read.some((line) => line.endsWith(' three more')));
  });
});

test.run();
