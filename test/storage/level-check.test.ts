// timeout: 180 s
// Tables of real databases: sound ones are never found unsound, and a flipped bit that makes LevelDB end its process costs it one
// process at most.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import type { EngineOp } from '../../src/storage/engine.ts';
import { BlockWalk, readVarint } from '../../src/storage/level-block.ts';
import { levelFault } from '../../src/storage/level-check.ts';
import { LevelHost, defaultLevelOptions } from '../../src/storage/level-engine.ts';
import { liveTables } from '../../src/storage/level-manifest.ts';
import { flipBit } from '../lib/damage.ts';
import { repeats } from '../lib/effort.ts';
import { batch, close, openEngine, scan, temporaryDirectory } from './hosts.ts';

const test = suite('storage/level-check');
const small = {
  ...defaultLevelOptions,
  writeBufferBytes: 64 << 10,
  blockBytes: 4 << 10,
  tableBytes: 64 << 10,
};

function hostIn(place: string): LevelHost {
  return new LevelHost(place, join(place, 'log'), small);
}

/** Keys that share much, written again and deleted, with values from none to some blocks. */
function ops(random: SimRandom, count: number): readonly EngineOp[] {
  return Array.from({ length: count }, (): EngineOp => {
    const key = Uint8Array.of(
      1 + random.below(3),
      0,
      0,
      0,
      random.below(4),
      0,
      random.below(8),
      random.below(256),
    );
    if (random.chance(0.2)) return { kind: 'delete', key };
    const bytes = random.chance(0.02) ? random.below(20_000) : random.below(400);
    return { kind: 'put', key, value: random.bytes(bytes) };
  });
}

async function fill(place: string, seed: string, batches: number): Promise<void> {
  const random = new SimRandom(seed);
  const engine = await openEngine(hostIn(place));
  for (let n = 0; n < batches; n += 1) await batch(engine, ops(random, 40));
  await close(engine);
}

function manifestTables(log: string): ReturnType<typeof liveTables> {
  const name = readFileSync(join(log, 'CURRENT'), 'latin1').trim();
  return liveTables(readFileSync(join(log, name)));
}

test('databases of many levels, shapes and lives are sound', async () => {
  for (let round = 0; round < repeats(2, 10); round += 1) {
    const place = temporaryDirectory();
    // Each life leaves a manifest of its own, and more for compactions to do.
    for (let life = 0; life < 4; life += 1) {
      await fill(place, `sound ${String(round)} ${String(life)}`, 60);
      assert.is(await levelFault(join(place, 'log')), undefined);
      assert.ok((manifestTables(join(place, 'log')) ?? []).length > 0, 'there are tables');
    }
    rmSync(place, { recursive: true });
  }
});

test('tables that a dead process left unfinished count for nothing; one that is missing or cut short does', async () => {
  const place = temporaryDirectory();
  const log = join(place, 'log');
  await fill(place, 'left', 60);
  writeFileSync(join(log, '999999.ldb'), 'half a tab');
  assert.is(await levelFault(log), undefined);
  const [table] = manifestTables(log) ?? [];
  assert.ok(table);
  const path = join(log, `${String(table.number).padStart(6, '0')}.ldb`);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(1));
  assert.match((await levelFault(log)) ?? '', /has \d+ bytes, not/);
  rmSync(path);
  assert.match((await levelFault(log)) ?? '', /is missing/);
  rmSync(place, { recursive: true });
});

test('a database is marked as long as it is open', async () => {
  const place = temporaryDirectory();
  const mark = join(place, 'log.open');
  const engine = await openEngine(hostIn(place));
  assert.ok(existsSync(mark));
  await close(engine);
  assert.not.ok(existsSync(mark));
  rmSync(place, { recursive: true });
});

/** Where the entries of the first block of a table begin. */
function entriesOf(table: Uint8Array): readonly number[] {
  const meta = readVarint(table, table.length - 48, table.length);
  const index = readVarint(table, readVarint(table, meta.next, table.length).next, table.length);
  const size = readVarint(table, index.next, table.length);
  let firstBytes = 0;
  new BlockWalk(table.subarray(index.value, index.value + size.value), 'internal', (_, handle) => {
    if (firstBytes === 0) {
      firstBytes = readVarint(handle, readVarint(handle, 0, handle.length).next, 99).value;
    }
  }).run();
  const starts = [0];
  new BlockWalk(table.subarray(0, firstBytes), 'internal', (_, value) => {
    starts.push(value.byteOffset - table.byteOffset + value.length);
  }).run();
  return starts.slice(0, -1);
}

function child(log: string): { readonly said: string; readonly signal: string | null } {
  const script = fileURLToPath(new URL('./level-abort-child.js', import.meta.url));
  const { stdout, signal } = spawnSync(process.execPath, [script, log], { encoding: 'utf8' });
  return { said: stdout.trim(), signal };
}

test('a flipped bit that LevelDB does not survive costs one process; the next one finds it before LevelDB does', async () => {
  const place = temporaryDirectory();
  const log = join(place, 'log');
  await fill(place, 'abort', 40);
  const path = join(log, readdirSync(log).findLast((name) => name.endsWith('.ldb')) ?? '');
  const table = readFileSync(path);
  const keyLost: { readonly at: number; readonly bit: number }[] = [];
  for (const start of entriesOf(table)) {
    for (const at of [start, start + 1]) {
      for (let bit = 0; bit < 8; bit += 1) {
        flipBit(path, at, bit);
        if (/a key has \d bytes/.test((await levelFault(log)) ?? '')) keyLost.push({ at, bit });
        flipBit(path, at, bit);
      }
    }
    if (keyLost.length >= 3) break;
  }
  let aborts = 0;
  for (const { at, bit } of keyLost) {
    const trial = join(place, 'trial');
    cpSync(log, join(trial, 'log'), { recursive: true });
    flipBit(path.replace(log, join(trial, 'log')), at, bit);
    const first = child(join(trial, 'log'));
    if (first.signal === 'SIGABRT') {
      aborts += 1;
      const second = child(join(trial, 'log'));
      assert.is(second.signal, null);
      assert.match(second.said, /^damaged: table \d+ is unsound: block at 0: a key has \d bytes/);
    }
    rmSync(trial, { recursive: true });
  }
  assert.ok(aborts > 0, `of ${String(keyLost.length)} flips none made LevelDB abort`);
  rmSync(place, { recursive: true });
});

test('flips that are let pass do LevelDB no harm: it opens, reads all, writes and compacts', async () => {
  const place = temporaryDirectory();
  const log = join(place, 'log');
  await fill(place, 'harmless', 40);
  const random = new SimRandom('harmless flips');
  const paths = readdirSync(log).filter((name) => name.endsWith('.ldb'));
  let passed = 0;
  for (let n = 0; n < repeats(25, 300); n += 1) {
    const trial = join(place, 'trial');
    cpSync(log, join(trial, 'log'), { recursive: true });
    const path = join(trial, 'log', random.pick(paths));
    flipBit(path, random.below(readFileSync(path).length), random.below(8));
    if ((await levelFault(join(trial, 'log'))) === undefined) {
      passed += 1;
      const engine = await openEngine(hostIn(trial));
      // LevelDB may answer with an error; it must not end the process.
      await scan(engine, {}).catch(() => []);
      for (let round = 0; round < 4; round += 1) {
        await batch(engine, ops(random, 60)).catch(() => undefined);
      }
      await scan(engine, { reverse: true }).catch(() => []);
      await close(engine);
    }
    rmSync(trial, { recursive: true });
  }
  assert.ok(passed > 10, `only ${String(passed)} flips passed`);
  rmSync(place, { recursive: true });
});

test.run();
