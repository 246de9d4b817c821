import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutRealWorld } from '../../sim/banned-globals.ts';
import { inOwnTurn } from '../../sim/ports/turns.ts';
import { runSeed, type RunOptions, type RunResult } from '../../sim/run.ts';
import { drawSettings } from '../../sim/settings.ts';
import { repeats } from '../lib/effort.ts';

/** With programs that use the client library, whose promises are part of the run. */
function run(options: RunOptions): Promise<RunResult> {
  return inOwnTurn(() => runSeed(options));
}

test('a seed run twice ends with the same hash and the same counts', async () => {
  for (const seed of ['d1', 'd2', 'd3'].slice(0, repeats(1, 3))) {
    const first = await run({ seed, minutes: 1 });
    assert.equal(await run({ seed, minutes: 1 }), first);
    assert.equal(first.violations, []);
  }
});

test('a seed ends with the same hash in every process, whatever its memory and the seeds of its hash tables', async () => {
  const main = fileURLToPath(new URL('../../sim/main.js', import.meta.url));
  const { hash: here } = await run({ seed: 'd7', minutes: 1 });
  const flags = [
    ['--max-old-space-size=96', '--hash-seed=1', '--random-seed=1'],
    ['--max-semi-space-size=1', '--hash-seed=77', '--no-opt'],
  ];
  for (const given of flags.slice(0, repeats(1, 2))) {
    const { stdout } = spawnSync(process.execPath, [...given, main, '--seed', 'd7', '--minutes', '1'], {
      encoding: 'utf8',
    });
    assert.is(/^trace hash (\w+)$/m.exec(stdout)?.[1], here, given.join(' '));
  }
});

test('reading the trace does not change a run', async () => {
  const lines: string[] = [];
  const silent = await run({ seed: 'd4', minutes: 1 });
  const traced = await run({ seed: 'd4', minutes: 1, line: (line) => void lines.push(line) });
  assert.equal(traced, silent);
  assert.ok(lines.length > 100);
});

test('two seeds end with different hashes', async () => {
  const [one, two] = [await run({ seed: 'd5', minutes: 0.5 }), await run({ seed: 'd6', minutes: 0.5 })];
  assert.is.not(one.hash, two.hash);
});

test('the same settings are drawn for the same seed, and a quarter of the seeds has no faults', () => {
  assert.equal(drawSettings('x', 10), drawSettings('x', 10));
  const seeds = Array.from({ length: 400 }, (_, at) => drawSettings(String(at), 10));
  const calm = seeds.filter((settings) => settings.faults.kinds.length === 0).length;
  assert.ok(calm > 60 && calm < 140, `${calm} of 400 seeds have no faults`);
  for (const { faults, network } of seeds) if (faults.kinds.length === 0) assert.not(network.raw);
});

test('whatever reaches past the seed throws while a simulation runs, and works again afterwards', () => {
  const uses: Readonly<Record<string, () => unknown>> = {
    Date: () => Date.now(),
    'new Date': () => new Date(),
    'Math.random': () => Math.random(),
    setTimeout: () => setTimeout(() => undefined, 0),
    setImmediate: () => setImmediate(() => undefined),
    queueMicrotask: () => queueMicrotask(() => undefined),
    'process.nextTick': () => process.nextTick(() => undefined),
    'performance.now': () => performance.now(),
    'crypto.randomUUID': () => crypto.randomUUID(),
  };
  for (const [name, use] of Object.entries(uses)) {
    assert.throws(() => withoutRealWorld(use), /was used while the simulation ran/, name);
    assert.not.throws(use, undefined, name);
  }
});

test.run();
