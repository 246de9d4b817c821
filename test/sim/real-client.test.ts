// The client library itself in the simulator: that its promises are part of a run, and that a run sees what it does.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inOwnTurn, Turns, watchingRejections } from '../../sim/ports/turns.ts';
import { runSeed, type RunResult } from '../../sim/run.ts';
import type { Settings } from '../../sim/settings.ts';
import { calm } from './scenario.ts';

function withClients(settings: Settings): Settings {
  const { workload } = settings;
  return {
    ...settings,
    workload: { ...workload, maxPartitions: 2, realClients: 2, thinkMs: 1_500, batchRecords: 10 },
  };
}

function run(seed: string, minutes: number, change: (settings: Settings) => Settings): Promise<RunResult> {
  return inOwnTurn(() => runSeed({ seed, minutes, change }));
}

test('everything that follows from a promise is done before a turn ends, in the order of promises', async () => {
  const done: string[] = [];
  const thrown: unknown[] = [];
  await inOwnTurn(() => {
    const turns = new Turns((error) => thrown.push(error));
    turns.run(() => {
      turns.soon(() => done.push('soon'));
      void (async () => {
        await Promise.resolve();
        done.push('awaited once');
        for (let at = 0; at < 1_000; at += 1) await Promise.resolve();
        done.push('awaited often');
      })();
      done.push('now');
      turns.run(() => done.push('within'));
    });
    assert.equal(done, ['now', 'within', 'soon', 'awaited once', 'awaited often']);
    turns.run(() => {
      throw new Error('at once');
    });
    turns.run(() =>
      turns.soon(() => {
        throw new Error('soon');
      }),
    );
    turns.run(() => done.push('goes on'));
  });
  assert.equal(thrown.map(String), ['Error: at once', 'Error: soon']);
  assert.is(done.at(-1), 'goes on');
});

test('a rejection that nobody handles is told within the turn, a handled one is not', async () => {
  const told: unknown[] = [];
  await inOwnTurn(() =>
    watchingRejections(
      (reason) => told.push(reason),
      () => {
        const turns = new Turns(() => undefined);
        turns.run(() => void Promise.reject(new Error('handled')).catch(() => undefined));
        assert.equal(told, []);
        turns.run(() => void Promise.reject(new Error('lost')));
        assert.equal(told.map(String), ['Error: lost']);
      },
    ),
  );
});

test('a run with real clients that cannot have a turn of its own is refused', async () => {
  await Promise.resolve();
  assert.throws(() => new Turns(() => undefined), /needs a turn of the event loop for itself/);
});

test('real clients in a calm cluster: records are taken and handed over, consumers fenced, and nothing is found', async () => {
  const change = (settings: Settings): Settings => withClients(calm(settings));
  const first = await run('real clients', 1, change);
  assert.equal(first.violations, []);
  assert.ok(first.acknowledged > 300, `${first.acknowledged} records acknowledged`);
  assert.ok(first.handedByClients > 300, `${first.handedByClients} records handed over`);
  assert.ok((first.points["a client's consumer was fenced"] ?? 0) > 0);
  assert.is((await run('real clients', 1, change)).hash, first.hash);
});

test('real clients through breaks, silence, stalls and crashes: they renumber, go on, and nothing is found', async () => {
  const kinds = [
    'crash',
    'pause',
    'client-break',
    'client-silence',
    'client-clog',
    'client-stall',
    'client-crash',
  ] as const;
  const result = await run('real clients in storms', 4, (settings) => {
    const { faults } = settings;
    const storms = { ...faults, kinds, meanGapMs: 1_500, stormMs: 60_000, calmMs: 5_000 };
    return { ...withClients(calm(settings)), faults: storms };
  });
  assert.equal(result.violations, []);
  for (const kind of kinds) assert.ok((result.faults[kind] ?? 0) > 0, `no ${kind}`);
  const expected = [
    'a client raised its epoch',
    'a client reconnected with records in flight',
    "a client's consumer went on at its cursor",
    "a client's consumer sought",
  ] as const;
  for (const point of expected) assert.ok((result.points[point] ?? 0) > 0, `it never happened that ${point}`);
});

test.run();
