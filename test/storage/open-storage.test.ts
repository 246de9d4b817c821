// A real data directory: its layout, its lock, its ballast, and what happens when space runs out.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LogMaker, appendOf, birthOf, g1, hardState } from './kit.ts';
import { soon, temporaryDirectory } from './hosts.ts';
import { AsyncStore, openAt } from './real-kit.ts';

const test = suite('open storage');

function use(name: string, run: (directory: string) => Promise<void>): void {
  test(name, async () => {
    const directory = temporaryDirectory();
    await run(join(directory, 'a', 'data'));
    rmSync(directory, { recursive: true });
  });
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'opened',
    (reason: unknown) => (reason as { code?: unknown }).code ?? reason,
  );
}

use('makes a directory, and finds everything again', async (directory) => {
  const first = await openAt(directory);
  const store = new AsyncStore(first.store);
  const log = new LogMaker(g1);
  assert.equal(first.warnings, []);
  await store.birth(birthOf(g1));
  await store.open(g1);
  await store.write(appendOf(g1, log.appendMany(3), { hard: hardState(1) }));
  await first.close();
  assert.equal(readdirSync(directory).toSorted(), ['ballast', 'journal-1', 'journal-2', 'lock', 'log']);
  assert.is(statSync(join(directory, 'ballast')).size, 64 << 10);
  const second = await openAt(directory);
  assert.is(second.store.startCount, 2);
  assert.equal((await new AsyncStore(second.store).open(g1)).tail, log.tail);
  await second.close();
});

use('refuses a directory that this process has open', async (directory) => {
  const first = await openAt(directory);
  assert.is(await codeOf(openAt(directory)), 'data_in_use');
  await first.close();
  const again = await openAt(directory);
  assert.is(again.store.startCount, 2, 'the refused start left no trace');
  await again.close();
});

use('refuses a directory that another process has open, until that one is gone', async (directory) => {
  const kit = new URL('./real-kit.js', import.meta.url).href;
  const script = `
    import { openAt } from ${JSON.stringify(kit)};
    const opened = await openAt(${JSON.stringify(directory)}).catch((error) => error);
    console.log(opened.code ?? 'opened');
    process.exit(0);`;
  const child = (): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, ['--input-type=module', '--eval', script], (error, stdout) => {
        if (error === null) resolve(stdout.trim());
        else reject(error);
      });
    });
  const first = await openAt(directory);
  assert.is(await child(), 'data_in_use');
  await first.close();
  assert.is(await child(), 'opened');
  const again = await openAt(directory);
  assert.is(again.store.startCount, 3, 'the other process died without closing, its lock with it');
  await again.close();
});

use('a database that does not open is set aside with a note', async (directory) => {
  const first = await openAt(directory);
  const store = new AsyncStore(first.store);
  const log = new LogMaker(g1);
  await store.birth(birthOf(g1));
  await store.open(g1);
  await store.write(appendOf(g1, log.appendMany(3), { hard: hardState(1) }));
  await first.close();
  truncateSync(join(directory, 'log', 'CURRENT'), 0);
  const notes: unknown[] = [];
  const second = await openAt(directory, { note: (event, fields) => notes.push([event, fields]) });
  assert.is(notes.length, 1);
  assert.match(JSON.stringify(notes), /set aside as .*log\.bad-1/);
  assert.ok(existsSync(join(directory, 'log.bad-1')));
  const { verdict } = await new AsyncStore(second.store).open(g1);
  assert.equal(verdict.kind === 'damaged' && verdict.owed, { kind: 'known', tail: log.tail });
  await second.close();
});

use('the database of another node is set aside, not used', async (directory) => {
  const other = join(directory, '..', 'other');
  await (await openAt(directory)).close();
  await (await openAt(other)).close();
  rmSync(join(directory, 'log'), { recursive: true });
  execFileSync('cp', ['-r', join(other, 'log'), join(directory, 'log')]);
  const opened = await openAt(directory);
  assert.match(opened.warnings.join(), /belongs to another journal/);
  await opened.close();
});

use('a damaged lock database locks all the same', async (directory) => {
  await (await openAt(directory)).close();
  writeFileSync(join(directory, 'lock', 'CURRENT'), 'nonsense');
  const opened = await openAt(directory);
  assert.is(await codeOf(openAt(directory)), 'data_in_use');
  await opened.close();
});

use('is low on space below the mark, and not above it', async (directory) => {
  let free = 10_000_000;
  const due: (() => void)[] = [];
  const opened = await openAt(directory, {
    limits: { ballastBytes: 1_000, lowSpaceBytes: 5_000_000, memoryTopicBytes: 1 << 20 },
    freeBytes: () => Promise.resolve(free),
    schedule: (delayMs, callback) => {
      if (delayMs === 0) soon(0, callback);
      else if (delayMs === 500) due.push(callback);
    },
  });
  const sample = async (): Promise<boolean> => {
    due.shift()?.();
    while (due.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    return opened.store.lowSpace();
  };
  assert.not(opened.store.lowSpace());
  free = 4_999_999;
  assert.ok(await sample());
  assert.not(opened.store.spaceSpent());
  free = 1_249_999;
  assert.ok(await sample());
  assert.ok(opened.store.spaceSpent());
  free = 1_250_000;
  assert.ok(await sample());
  assert.not(opened.store.spaceSpent());
  free = 5_000_000;
  assert.not(await sample());
  await opened.close();
});

use('without room for the ballast it says so and starts', async (directory) => {
  const opened = await openAt(directory, {
    limits: { ballastBytes: 1 << 20, lowSpaceBytes: 1 << 20, memoryTopicBytes: 1 << 20 },
    freeBytes: () => Promise.resolve((2 << 20) - 1),
  });
  assert.match(opened.warnings.join(), /no room for the ballast/);
  assert.not(existsSync(join(directory, 'ballast')));
  await opened.close();
});

use('with hardly a byte free the ballast gives way, and comes back later', async (directory) => {
  const limits = { ballastBytes: 1 << 20, lowSpaceBytes: 1 << 20, memoryTopicBytes: 1 << 20 };
  let free = 100 << 20;
  const more = { limits, freeBytes: () => Promise.resolve(free) };
  await (await openAt(directory, more)).close();
  assert.ok(existsSync(join(directory, 'ballast')));
  free = 1_000;
  const full = await openAt(directory, more);
  assert.match(full.warnings.join(), /ballast file was given up/);
  assert.not(existsSync(join(directory, 'ballast')));
  assert.ok(full.store.lowSpace());
  await full.close();
  free = 100 << 20;
  await (await openAt(directory, more)).close();
  assert.is(statSync(join(directory, 'ballast')).size, 1 << 20);
});

/** A small file system of its own, where the system allows it. */
function mountSmall(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('on a disk that is really full: fails cleanly, gives the ballast up, and loses nothing', async () => {
  const directory = temporaryDirectory();
  if (!mountSmall(directory)) {
    rmSync(directory, { recursive: true });
    return;
  }
  try {
    const data = join(directory, 'data');
    const limits = { ballastBytes: 3 << 20, lowSpaceBytes: 1 << 20, memoryTopicBytes: 1 << 20 };
    const failures: string[] = [];
    const first = await openAt(data, { limits, failed: (detail) => failures.push(detail) });
    const store = new AsyncStore(first.store);
    const log = new LogMaker(g1);
    let acknowledged = log.tail;
    await store.birth(birthOf(g1));
    await store.open(g1);
    while (failures.length === 0) {
      const entry = log.append({ bodyBytes: 200_000 });
      await store.write(appendOf(g1, [entry], { hard: hardState(1) })).then(
        () => (acknowledged = log.tail),
        () => undefined,
      );
      assert.ok(log.entries.length < 200, 'the disk gets full');
    }
    assert.match(failures.join(), /No space left|no space left/i);
    await first.close();
    // The ballast's room may suffice to start; if a compaction eats that up as well, the refusal says why.
    const again = await openAt(data, { limits }).catch((error: unknown) => {
      assert.is((error as { code?: unknown }).code, 'disk_full');
      execFileSync('mount', ['-o', 'remount,size=64m', directory]);
      return openAt(data, { limits: { ...limits, ballastBytes: 1 << 20 } });
    });
    const { verdict, tail } = await new AsyncStore(again.store).open(g1);
    assert.equal(verdict, { kind: 'clean' });
    assert.ok(tail.index >= acknowledged.index);
    await again.close();
  } finally {
    // Lazily: after a failure something may still be open.
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  }
});

test.run();
