// The LogStore's contract on every engine: LevelDB with real files, memory, and the simulator's.
import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineHost } from '../../src/storage/engine.ts';
import type { AppendFiles } from '../../src/storage/files.ts';
import { LevelHost } from '../../src/storage/level-engine.ts';
import { MemoryLevelHost } from '../../src/storage/memory-level-engine.ts';
import { MemoryHost } from '../../src/storage/memory-engine.ts';
import { NodeFiles } from '../../src/storage/node-files.ts';
import { openLogStore } from '../../src/storage/open-log-store.ts';
import type { StoreOpened } from '../../src/storage/open-log-store.ts';
import type { TopicStorage } from '@callboard/client/protocol';
import { SimEngineHost } from '../../sim/storage/sim-engine.ts';
import { SimFiles } from '../../sim/storage/sim-files.ts';
import { SimRandom } from '../../sim/ports/sim-random.ts';
import { call, close, simDevice, soon, temporaryDirectory } from './hosts.ts';
import { LogMaker, appendOf, birthOf, crc32, g1, g2, hardState, idOf, tailOf } from './kit.ts';
import { AsyncStore } from './real-kit.ts';

interface Ground {
  readonly host: () => EngineHost;
  /** Of logs in memory: a new one for each start. */
  readonly memory: () => EngineHost;
  readonly files: () => AppendFiles;
  readonly remove: () => void;
}

const memoryHost = (): EngineHost => new MemoryHost((callback) => soon(0, callback));

const grounds: Readonly<Record<string, () => Ground>> = {
  'LevelDB and node:fs': () => {
    const directory = temporaryDirectory();
    return {
      host: () => new LevelHost(directory, `${directory}/log`),
      memory: () => new MemoryLevelHost(),
      files: () => new NodeFiles(directory),
      remove: () => rmSync(directory, { recursive: true }),
    };
  },
  memory: () => {
    const host = memoryHost();
    const files = new SimFiles(simDevice('memory'));
    return { host: () => host, memory: memoryHost, files: () => files.open(), remove: () => undefined };
  },
  simulated: () => {
    const host = new SimEngineHost(simDevice('engine'));
    const files = new SimFiles(simDevice('files'));
    return { host: () => host, memory: memoryHost, files: () => files.open(), remove: () => undefined };
  },
};

for (const [name, makeGround] of Object.entries(grounds)) {
  const test = suite(`log store on ${name}`);

  const use = (title: string, run: (open: () => Promise<AsyncStore>) => Promise<void>): void => {
    test(title, async () => {
      const ground = makeGround();
      const open = async (): Promise<AsyncStore> => {
        const options = {
          host: ground.host(),
          memory: ground.memory(),
          memoryBytes: 10_000,
          files: ground.files(),
          crc32,
          schedule: soon,
          drawId: () => idOf('journal'),
          bootId: 'boot',
          journalBytes: 2_000,
          walkPageBytes: 500,
          indexGapBytes: 700,
        };
        const [opened] = await call<[StoreOpened]>((done) => openLogStore(options, done));
        if (!opened.ok) throw new Error(opened.detail);
        assert.equal(opened.warnings, []);
        return new AsyncStore(opened.store);
      };
      await run(open);
      ground.remove();
    });
  };

  use('answers from the journal, over restarts', async (open) => {
    const first = await open();
    await first.birth(birthOf(g1), birthOf(g2));
    await first.birth(birthOf(g1));
    await first.document('founders', 'text ✓');
    await first.open(g1);
    await first.write(appendOf(g1, [], { hard: hardState(4, idOf('v')) }));
    await close(first.store);
    const second = await open();
    assert.is(second.store.startCount, 2);
    assert.is(second.store.journalId, idOf('journal'));
    assert.equal(second.store.replicas(), [birthOf(g1), birthOf(g2)]);
    assert.is(second.store.document('founders'), 'text ✓');
    assert.equal((await second.open(g1)).hard, hardState(4, idOf('v')));
    assert.equal((await second.open(g2)).hard, hardState(0));
    await close(second.store);
  });

  for (const storage of ['disk', 'memory'] as const) {
    use(`keeps a log through appends and truncations (${storage})`, (open) => keepsLog(storage, open));
  }

  const keepsLog = async (storage: TopicStorage, open: () => Promise<AsyncStore>): Promise<void> => {
    const random = new SimRandom(`conformance-${name}`);
    let store = await open();
    let log = new LogMaker(g1);
    let term = 0;
    await store.birth(birthOf(g1, 'first', storage), birthOf(g2));
    await store.open(g1);
    for (let round = 0; round < 80; round += 1) {
      const cuts = log.entries.length > 0 && random.chance(0.2);
      const raises = cuts || term === 0 || random.chance(0.1);
      if (raises) term += 1;
      const keep = cuts ? random.below(log.entries.length) : log.entries.length;
      log = log.fork().cut(keep + 1);
      const entries = log.appendMany(1 + random.below(5), {
        term,
        records: random.below(4),
        bodyBytes: random.below(300),
        timestamp: 1_000 + random.below(500),
      });
      const truncateFrom = cuts ? entries[0]?.index : undefined;
      await store.write(appendOf(g1, entries, { truncateFrom, hard: raises ? hardState(term) : undefined }));
      if (!random.chance(0.1)) continue;
      // What is in memory lasts as long as its store; it is opened again as a restarted actor does.
      if (storage === 'disk') {
        await close(store.store);
        store = await open();
      }
      const opened = await store.open(g1);
      assert.equal(opened.verdict, { kind: 'clean' });
      assert.equal(opened.tail, log.tail);
      assert.is(opened.highest, log.tail.index);
      assert.equal(opened.runs, runsOf(log));
    }
    assert.equal((await store.read(g1)).entries, log.entries);
    assert.is((await store.read(g1)).bad, log.tail.index + 1);
    await checkLookUps(store, log);
    assert.equal((await store.open(g2)).tail, tailOf(undefined));
    await close(store.store);
    if (storage === 'disk') return;
    const again = await open();
    const { verdict, highest } = await again.open(g1);
    assert.equal(verdict.kind === 'damaged' && verdict.owed, { kind: 'known', tail: log.tail });
    assert.is(highest, 0);
    await close(again.store);
  };

  use(
    'deletes what a dead replica stored and nothing else, remembers the death, and answers late reads',
    async (open) => {
      const first = await open();
      const doomed = new LogMaker(g1);
      const kept = new LogMaker(g2);
      await first.birth(birthOf(g1), birthOf(g2));
      await first.open(g1);
      await first.open(g2);
      await first.write(appendOf(g1, doomed.appendMany(30, { bodyBytes: 200 }), { hard: hardState(1) }));
      await first.write(appendOf(g2, kept.appendMany(3), { hard: hardState(1) }));
      assert.is(first.store.diedUpTo, 0);
      await first.death(g1);
      assert.is(first.store.diedUpTo, 1);
      assert.equal((await first.read(g1)).entries, []);
      assert.is(await first.find(g1, { offset: 0 }), undefined);
      assert.is(await first.find(g1, { time: 0 }), undefined);
      await close(first.store);
      const second = await open();
      assert.equal(second.store.replicas(), [birthOf(g2)]);
      assert.is(second.store.diedUpTo, 1);
      assert.equal((await second.open(g2)).tail, kept.tail);
      assert.equal((await second.read(g2)).entries, kept.entries);
      // A crash may have left some of it: asked again, it is deleted again.
      await second.death(g1);
      assert.is(second.store.diedUpTo, 1);
      await close(second.store);
    },
  );

  use('remembers damage until it is healed', async (open) => {
    const first = await open();
    const log = new LogMaker(g1);
    await first.birth(birthOf(g1));
    await first.open(g1);
    await first.write(appendOf(g1, log.appendMany(5), { hard: hardState(1) }));
    // The tail is promised one entry further than what is there, as if a batch had vanished.
    const missing = log.append();
    await first.write(appendOf(g1, [], { tail: tailOf(missing) }));
    await close(first.store);
    for (let start = 0; start < 2; start += 1) {
      const store = await open();
      const { verdict } = await store.open(g1);
      assert.equal(verdict.kind === 'damaged' && verdict.owed, { kind: 'known', tail: log.tail });
      await close(store.store);
    }
    const healing = await open();
    await healing.open(g1);
    await healing.write(appendOf(g1, [missing], { tail: log.tail, healed: true }));
    await close(healing.store);
    const whole = await open();
    assert.equal((await whole.open(g1)).verdict, { kind: 'clean' });
    await close(whole.store);
  });

  test.run();
}

function runsOf(log: LogMaker): unknown {
  const runs: { first: number; term: number }[] = [];
  for (const { index, term } of log.entries) {
    if (runs.at(-1)?.term !== term) runs.push({ first: index, term });
  }
  return runs;
}

/** Every offset and time, against a search through the entries. */
async function checkLookUps(store: AsyncStore, log: LogMaker): Promise<void> {
  let max = 0;
  const chunks = log.entries.flatMap(({ index, bytes }) => {
    const header = new DataView(bytes.buffer, bytes.byteOffset, 96);
    const count = header.getUint32(12, true);
    max = count === 0 ? max : Math.max(max, Number(header.getBigUint64(44, true)));
    return count === 0 ? [] : [{ index, base: Number(header.getBigUint64(80, true)), count, max }];
  });
  for (let offset = 0; offset < log.nextOffset + 3; offset += 1) {
    const expected = chunks.find(({ base, count }) => base <= offset && offset < base + count)?.index;
    assert.is(await store.find(log.group, { offset }), expected, `offset ${String(offset)}`);
  }
  for (let time = 990; time < 1_510; time += 7) {
    const expected = chunks.find((chunk) => chunk.max >= time)?.index;
    assert.is(await store.find(log.group, { time }), expected, `time ${String(time)}`);
  }
}
