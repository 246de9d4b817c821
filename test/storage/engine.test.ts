// What every engine must do, and that the simulated one does to its data just what it is told.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine, EngineOp } from '../../src/storage/engine.ts';
import { SortedBytes, nameOf } from '../../src/storage/sorted-bytes.ts';
import { SimEngineHost } from '../../sim/storage/sim-engine.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { batch, call, close, engineHosts, openEngine, scan, simDevice } from './hosts.ts';

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

function put(key: Uint8Array, value: Uint8Array = key): EngineOp {
  return { kind: 'put', key, value };
}

function hexes(entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]): string[] {
  return entries.map(
    ({ key, value }) => `${Buffer.from(key).toString('hex')}=${Buffer.from(value).toString('hex')}`,
  );
}

for (const place of engineHosts) {
  const test = suite(`engine: ${place.name}`);

  const use = (
    name: string,
    run: (engine: Engine, reopen: () => Promise<Engine>) => Promise<Engine | void>,
  ): void => {
    test(name, async () => {
      const { it, reopen, remove } = place.make();
      const engine = await openEngine(it);
      const last = await run(engine, () => openEngine(reopen()));
      await close(last ?? engine);
      remove();
    });
  };

  use('keeps what was put and forgets what was deleted, also when opened again', async (engine, reopen) => {
    await batch(engine, [put(bytes(1)), put(bytes(2)), put(bytes(3))]);
    await batch(engine, [{ kind: 'delete', key: bytes(2) }, put(bytes(1), bytes(9, 9))]);
    await close(engine);
    const again = await reopen();
    assert.equal(hexes(await scan(again, {})), ['01=0909', '03=03']);
    const [, gone] = await call<[Error | undefined, Uint8Array | undefined]>((done) =>
      again.get(bytes(2), done),
    );
    assert.is(gone, undefined);
    const [, there] = await call<[Error | undefined, Uint8Array | undefined]>((done) =>
      again.get(bytes(1), done),
    );
    assert.equal([...(there ?? [])], [9, 9]);
    return again;
  });

  use('operations of one batch count in their order', async (engine) => {
    await batch(engine, [
      put(bytes(1)),
      { kind: 'delete', key: bytes(1) },
      put(bytes(2)),
      put(bytes(2), bytes(7)),
    ]);
    await batch(engine, [{ kind: 'delete', key: bytes(2) }, put(bytes(2), bytes(8))]);
    assert.equal(hexes(await scan(engine, {})), ['02=08']);
  });

  use('orders keys by unsigned bytes, a shorter key before its extensions', async (engine) => {
    const keys = [[0xff], [0x80], [0x7f], [1, 0], [1], [1, 0xff], [0, 0, 0], [0x80, 0]].map((key) =>
      bytes(...key),
    );
    await batch(
      engine,
      keys.map((key) => put(key, bytes())),
    );
    const found = (await scan(engine, {})).map(({ key }) => Buffer.from(key).toString('hex'));
    assert.equal(found, ['000000', '01', '0100', '01ff', '7f', '80', '8000', 'ff']);
  });

  use('scans between bounds, from either end, without values if so asked', async (engine) => {
    await batch(
      engine,
      [1, 2, 3, 4, 5].map((key) => put(bytes(key))),
    );
    assert.equal(hexes(await scan(engine, { from: bytes(2), to: bytes(4) })), ['02=02', '03=03']);
    assert.equal(hexes(await scan(engine, { from: bytes(2), to: bytes(4), reverse: true })), [
      '03=03',
      '02=02',
    ]);
    assert.equal(hexes(await scan(engine, { to: bytes(3), reverse: true, limit: 1 })), ['02=02']);
    assert.equal(hexes(await scan(engine, { from: bytes(4), values: false })), ['04=', '05=']);
    assert.equal(await scan(engine, { from: bytes(4), to: bytes(4) }), []);
    assert.equal(await scan(engine, { from: bytes(6) }), []);
  });

  use('stops at the byte bound, but never with an empty page', async (engine) => {
    const value = new Uint8Array(99);
    await batch(
      engine,
      [1, 2, 3, 4, 5].map((key) => put(bytes(key), value)),
    );
    for (const reverse of [false, true]) {
      assert.is((await scan(engine, { maxBytes: 1, reverse })).length, 1);
      assert.is((await scan(engine, { maxBytes: 100, reverse })).length, 1);
      assert.is((await scan(engine, { maxBytes: 101, reverse })).length, 2);
      assert.is((await scan(engine, { maxBytes: 300, reverse })).length, 3);
      assert.is((await scan(engine, { maxBytes: 100_000, reverse })).length, 5);
      assert.is((await scan(engine, { limit: 2, reverse })).length, 2);
    }
  });

  use('asserts that only one batch is in flight', async (engine) => {
    const first = batch(engine, [put(bytes(1))]);
    assert.throws(() => engine.batch([put(bytes(2))], () => undefined), /in flight/);
    await first;
    await batch(engine, [put(bytes(3))]);
    assert.equal(hexes(await scan(engine, {})), ['01=01', '03=03']);
  });

  use('takes an empty batch and large values', async (engine) => {
    await batch(engine, []);
    await batch(engine, [put(bytes(1), new Uint8Array(3 << 20).fill(5))]);
    const [entry] = await scan(engine, {});
    assert.is(entry?.value.byteLength, 3 << 20);
    assert.is(entry?.value.at(-1), 5);
  });

  use('agrees with a plain map under random work', async (engine) => {
    const random = new SimRandom(`work-${place.name}`);
    const model = new Map<string, string>();
    for (let round = 0; round < 60; round += 1) {
      const ops = Array.from({ length: 1 + random.below(40) }, (): EngineOp => {
        const key = random.bytes(1 + random.below(3)).map((byte) => byte % 12);
        return random.chance(0.3) ? { kind: 'delete', key } : put(key, random.bytes(random.below(30)));
      });
      await batch(engine, ops);
      for (const op of ops) {
        const key = Buffer.from(op.key).toString('latin1');
        if (op.kind === 'put') model.set(key, Buffer.from(op.value).toString('hex'));
        else model.delete(key);
      }
      const from = random.bytes(2).map((byte) => byte % 12);
      const to = random.bytes(1).map((byte) => byte % 14);
      const reverse = random.chance(0.5);
      const limit = 1 + random.below(20);
      const expected = [...model]
        .filter(
          ([key]) => key >= Buffer.from(from).toString('latin1') && key < Buffer.from(to).toString('latin1'),
        )
        .toSorted(([a], [b]) => (a < b === reverse ? 1 : -1))
        .slice(0, limit)
        .map(([key, value]) => `${Buffer.from(key, 'latin1').toString('hex')}=${value}`);
      assert.equal(hexes(await scan(engine, { from, to, reverse, limit })), expected);
    }
  });

  test('what is set aside is out of the way', async () => {
    const { it, remove } = place.make();
    const engine = await openEngine(it);
    await batch(engine, [put(bytes(1))]);
    await close(engine);
    for (const count of [1, 2]) {
      const [error, name] = await call<[Error | undefined, string]>((done) => it.setAside(done));
      assert.is(error, undefined);
      assert.ok(name.endsWith(`.bad-${String(count)}`), name);
      const fresh = await openEngine(it);
      assert.equal(await scan(fresh, {}), []);
      await close(fresh);
    }
    remove();
  });

  test.run();
}

const sorted = suite('sorted bytes');

sorted('stay in order over many pages, whatever the order of arrival', () => {
  const random = new SimRandom('pages');
  for (const pattern of ['rising', 'falling', 'random'] as const) {
    const map = new SortedBytes();
    const count = 3_000;
    for (let at = 0; at < count; at += 1) {
      const number = pattern === 'rising' ? at : pattern === 'falling' ? count - at : random.below(1 << 16);
      const key = bytes(number >> 8, number & 0xff);
      map.set(nameOf(key), { key, value: key });
    }
    const names = [...map].map(({ key }) => nameOf(key));
    assert.equal(names, names.toSorted());
    assert.is(new Set(names).size, map.size);
    for (const [at, name] of names.entries()) {
      assert.is(nameOf(map.at(at)?.key ?? bytes()), name);
      assert.ok(map.get(name));
    }
    for (const [at, name] of names.entries()) {
      if (at % 3 === 0) assert.ok(map.delete(name));
    }
    assert.is(map.size, names.length - Math.ceil(names.length / 3));
    assert.is([...map].length, map.size);
  }
});

sorted.run();

const faults = suite('simulated engine');

async function stocked(seed: string): Promise<{ host: SimEngineHost; engine: Engine }> {
  const host = new SimEngineHost(simDevice(seed));
  const engine = await openEngine(host);
  for (const key of [1, 2, 3, 4]) await batch(engine, [put(bytes(key)), put(bytes(9), bytes(key))]);
  return { host, engine };
}

faults('loses its newest batches', async () => {
  const { host, engine } = await stocked('tail');
  assert.is(host.loseTail(2), 2);
  assert.equal(hexes(await scan(engine, {})), ['01=01', '02=02', '09=02']);
  assert.is(host.loseTail(9), 2);
  assert.equal(await scan(engine, {}), []);
  assert.is(host.faults.of('tail-lost'), 2);
});

faults('loses one batch from the middle, never the newest', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { host, engine } = await stocked(`hole-${String(seed)}`);
    assert.ok(host.makeBatchHole());
    const found = hexes(await scan(engine, {}));
    assert.is(found.length, 4);
    assert.ok(found.includes('04=04') && found.includes('09=04'));
  }
});

faults('brings an older value back, flips a bit, drops a key', async () => {
  const { host, engine } = await stocked('others');
  assert.ok(host.returnOlder());
  const older = hexes(await scan(engine, { from: bytes(9) }));
  assert.ok(['09=01', '09=02', '09=03'].includes(older[0] ?? ''), older[0] ?? '');
  assert.ok(host.flipBit((key) => key[0] === 3));
  assert.is.not(hexes(await scan(engine, { from: bytes(3) }))[0], '03=03');
  assert.ok(host.makeHole((key) => key[0] === 2));
  assert.is((await scan(engine, {})).length, 4);
  assert.not(host.makeHole((key) => key[0] === 77));
});

faults('a batch in flight at a crash is lost or applied, as told, and never answered', async () => {
  for (const inFlight of ['lost', 'applied'] as const) {
    const { host, engine } = await stocked('crash');
    engine.batch([put(bytes(5))], () => assert.unreachable('a dead process was answered'));
    host.crash(inFlight);
    const again = await openEngine(host);
    assert.is((await scan(again, { from: bytes(5), to: bytes(6) })).length, inFlight === 'applied' ? 1 : 0);
  }
});

faults('fails to open until it is set aside, or while it is full', async () => {
  const { host } = await stocked('open');
  const reason = async (): Promise<boolean | undefined> => {
    const [opened] = await call<Parameters<Parameters<SimEngineHost['open']>[0]>>((done) => host.open(done));
    return opened.ok ? undefined : opened.damaged;
  };
  host.setFull(true);
  assert.is(await reason(), false);
  host.setFull(false);
  host.breakOpen();
  assert.is(await reason(), true);
  await call<[Error | undefined, string]>((done) => host.setAside(done));
  assert.is(await reason(), undefined);
});

faults.run();
