// What all files must do, and what a power loss does to the simulated ones.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AppendFiles, FileDone } from '../../src/storage/files.ts';
import { SimFiles } from '../../sim/storage/sim-files.ts';
import { call, close, filePlaces, simDevice } from './hosts.ts';

async function ok(start: (done: FileDone) => void): Promise<void> {
  const [error] = await call<[Error | undefined]>(start);
  if (error !== undefined) throw error;
}

async function text(files: AppendFiles, name: string): Promise<string | undefined> {
  const [error, bytes] = await call<[Error | undefined, Uint8Array | undefined]>((done) =>
    files.read(name, done),
  );
  if (error !== undefined) throw error;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

const bytes = (value: string): Uint8Array => Buffer.from(value);

for (const place of filePlaces) {
  const test = suite(`files: ${place.name}`);

  const use = (name: string, run: (files: AppendFiles, reopen: () => AppendFiles) => Promise<void>): void => {
    test(name, async () => {
      const { it, reopen, remove } = place.make();
      await run(it, reopen);
      await close(it);
      remove();
    });
  };

  use('a file that is not there reads as undefined', async (files) => {
    assert.is(await text(files, 'none'), undefined);
  });

  use('writes, appends and reads back, also when opened again', async (files, reopen) => {
    await ok((done) => files.write('a', bytes('one'), done));
    await ok((done) => files.append('a', bytes(' two'), done));
    await ok((done) => files.sync('a', done));
    await ok((done) => files.syncDirectory(done));
    assert.is(await text(files, 'a'), 'one two');
    const again = reopen();
    await ok((done) => again.append('a', bytes(' three'), done));
    assert.is(await text(again, 'a'), 'one two three');
    await ok((done) => again.sync('a', done));
    await close(again);
  });

  use('writing anew replaces what was there', async (files) => {
    await ok((done) => files.write('a', bytes('a long text'), done));
    await ok((done) => files.write('a', bytes('short'), done));
    assert.is(await text(files, 'a'), 'short');
    await ok((done) => files.append('a', bytes('er'), done));
    assert.is(await text(files, 'a'), 'shorter');
  });

  use('renaming replaces the other file, and appends follow the name', async (files) => {
    await ok((done) => files.write('a', bytes('old'), done));
    await ok((done) => files.append('a', bytes('er'), done));
    await ok((done) => files.write('a.new', bytes('new'), done));
    await ok((done) => files.sync('a.new', done));
    await ok((done) => files.rename('a.new', 'a', done));
    await ok((done) => files.syncDirectory(done));
    await ok((done) => files.append('a', bytes('er'), done));
    assert.is(await text(files, 'a'), 'newer');
    assert.is(await text(files, 'a.new'), undefined);
  });

  use('setting aside finds a free name', async (files) => {
    for (const count of [1, 2]) {
      await ok((done) => files.write('a', bytes(`text ${String(count)}`), done));
      const [error, name] = await call<[Error | undefined, string]>((done) => files.setAside('a', done));
      assert.is(error, undefined);
      assert.is(name, `a.bad-${String(count)}`);
      assert.is(await text(files, name), `text ${String(count)}`);
      assert.is(await text(files, 'a'), undefined);
    }
  });

  use('appends to two files at once do not disturb each other', async (files) => {
    await ok((done) => files.write('a', bytes(''), done));
    await ok((done) => files.write('b', bytes(''), done));
    for (let round = 0; round < 50; round += 1) {
      const piece = bytes(`${String(round)},`);
      await Promise.all(['a', 'b'].map((name) => ok((done) => files.append(name, piece, done))));
    }
    assert.is(await text(files, 'a'), await text(files, 'b'));
    assert.ok((await text(files, 'a'))?.endsWith('48,49,'));
  });

  test.run();
}

const sim = suite('simulated files');

sim('a power loss keeps what was synced and at most a torn part of the rest', async () => {
  const lengths = new Set<number>();
  for (let seed = 0; seed < 100; seed += 1) {
    const files = new SimFiles(simDevice(`tear-${String(seed)}`));
    const open = files.open();
    await ok((done) => open.write('a', bytes('synced.'), done));
    await ok((done) => open.sync('a', done));
    await ok((done) => open.syncDirectory(done));
    await ok((done) => open.append('a', bytes('unsynced'), done));
    files.crash(true);
    const after = (await text(files.open(), 'a')) ?? '';
    assert.ok(after.startsWith('synced.'));
    assert.match(after, /^synced\.[unsyced\0]*$/);
    lengths.add(after.length);
  }
  assert.is(lengths.size, 9);
});

sim('a process that merely dies loses nothing', async () => {
  const files = new SimFiles(simDevice('die'));
  const open = files.open();
  await ok((done) => open.write('a', bytes('text'), done));
  open.append('a', bytes(', more'), () => assert.unreachable('a dead process was answered'));
  files.crash(false);
  assert.is(await text(files.open(), 'a'), 'text, more');
});

sim('names that were not synced revert, or not, in their order', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) {
    const files = new SimFiles(simDevice(`names-${String(seed)}`));
    const open = files.open();
    for (const name of ['a', 'b']) {
      await ok((done) => open.write(`${name}.new`, bytes('new'), done));
      await ok((done) => open.sync(`${name}.new`, done));
      await ok((done) => open.rename(`${name}.new`, name, done));
    }
    files.crash(true);
    seen.add(files.names().toSorted().join());
  }
  assert.equal([...seen].toSorted(), ['', 'a', 'a,b', 'a,b.new', 'a.new']);
});

sim('fails as told, and a full disk takes nothing', async () => {
  const files = new SimFiles(simDevice('fail'));
  const open = files.open();
  await ok((done) => open.write('a', bytes('text'), done));
  files.failNext();
  const failure = await ok((done) => open.sync('a', done)).catch((reason: unknown) => String(reason));
  assert.match(failure ?? '', /I\/O error/);
  files.setFull(true);
  const full = await ok((done) => open.append('a', bytes('more'), done)).catch((reason: unknown) =>
    String(reason),
  );
  assert.match(full ?? '', /no space/);
  assert.is(await text(open, 'a'), 'text');
});

sim.run();
