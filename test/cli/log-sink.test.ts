/** A log that cannot be written: lines wait and are lost beyond a bound, and whoever logs never waits and never fails. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { descriptorTarget, LogFile } from '../../src/cli/log-file.ts';
import { LogSink } from '../../src/cli/log-sink.ts';
import { eventually } from '../lib/eventually.ts';
import { withCluster } from '../lib/cluster.ts';

test('lines are written at once', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'callboard-test-')), 'log');
  const descriptor = openSync(file, 'a');
  const sink = new LogSink(descriptorTarget(descriptor));
  sink.write('one\n');
  sink.write('two\n');
  assert.is(readFileSync(file, 'utf8'), 'one\ntwo\n');
  closeSync(descriptor);
});

test("a log file rotates by size, loses no line, and is its owner's alone", () => {
  const file = join(mkdtempSync(join(tmpdir(), 'callboard-test-')), 'log');
  const sink = new LogSink(new LogFile(file, 1_000));
  const lines = Array.from({ length: 30 }, (_, at) => `${String(at).padStart(99, '0')}\n`);
  for (const line of lines.slice(0, 15)) sink.write(line);
  assert.is(readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8'), lines.slice(0, 15).join(''));
  // Another start goes on with what is there.
  const again = new LogSink(new LogFile(file, 1_000));
  for (const line of lines.slice(15)) again.write(line);
  assert.is(readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8'), lines.slice(10).join(''));
  assert.is(statSync(file).mode & 0o777, 0o600);
});

test('a pipe that nobody reads costs no time: lines wait for the reader, those beyond the bound are counted', async () => {
  const pipe = join(mkdtempSync(join(tmpdir(), 'callboard-test-')), 'pipe');
  if (spawnSync('mkfifo', [pipe]).status !== 0) throw new Error('no named pipes here');
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  const sink = new LogSink(descriptorTarget(writer));
  const line = `${'x'.repeat(1_023)}\n`;
  for (let count = 0; count < 2_000; count += 1) sink.write(line);
  let read = '';
  const part = Buffer.alloc(64 << 10);
  await eventually('the loss is told', () => {
    read += part.toString('utf8', 0, readSync(reader, part));
    return read.includes('lines of this log are lost');
  });
  const lines = read.split('\n').slice(0, -1);
  const { lines: lost } = JSON.parse(lines.at(-1) ?? '') as { lines: number };
  assert.is(lines.length - 1 + lost, 2_000);
  assert.ok(lines.slice(0, -1).every((found) => found === line.trimEnd()));
  assert.ok(lost > 0 && lost < 1_000, String(lost));
  closeSync(writer);
  closeSync(reader);
});

(existsSync('/dev/full') ? test : test.skip)('a node serves although its log cannot be written', async () => {
  const prefix = (): readonly string[] => ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
  await withCluster({ nodes: 1, prefix }, async (cluster) => {
    const api = cluster.api(0);
    await api.createTopic('unlogged', 1);
    const producer = await api.registerProducer('unlogged');
    assert.is((await api.produce({ topic: 'unlogged', producer, message: 'm' })).offset, 0);
  });
});

test.run();
