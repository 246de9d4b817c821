// weight: heavy
// timeout: 180 s
/**
 * Two nodes of three are gone: every produce is answered in time, and honestly. What was said not to be applied never appears;
 * what was in doubt is there once or not at all.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../lib/api.ts';
import { withLastWords } from '../lib/cluster.ts';
import { Ledger } from '../lib/ledger.ts';
import { onSharedCluster } from '../lib/shared-cluster.ts';

const test = suite('without a quorum');
const TOPIC = 'no-quorum';
const PARTITIONS = 3;
const IN_FLIGHT = 12;
/** The deadline of a call over HTTP, and what a busy machine adds before the clock of the node starts. */
const ANSWER_MS = 5_500;

const sharedCluster = onSharedCluster(test);

interface Told {
  readonly outcome: string;
  readonly ms: number;
}

test('produces are answered within five seconds, as not applied or in doubt, and the records bear it out', async () => {
  await withLastWords(sharedCluster(), async (cluster) => {
    await cluster.api(0).createTopic(TOPIC, PARTITIONS);
    const producer = await cluster.api(0).registerProducer(TOPIC);
    const ledger = new Ledger(TOPIC, PARTITIONS);
    const told: Told[] = [];
    const send = async (api: Api, value: string, partition: number): Promise<void> => {
      const start = performance.now();
      const answer = await api.tryProduce({ topic: TOPIC, producer, message: value, partition });
      const outcome = answer.status === 200 ? 'applied' : String(answer.body['outcome']);
      told.push({ outcome, ms: performance.now() - start });
      // What is not applied was, for the ledger, never sent: it may not be found.
      if (outcome !== 'not_applied') ledger.sent(value);
      if (answer.status === 200) {
        ledger.acknowledge(value, { partition, offset: Number(answer.body['offset']) });
      }
    };
    const round = (name: string, api: Api): Promise<unknown> =>
      Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => send(api, `${name}-${i}`, i % PARTITIONS)));

    await round('before', cluster.api(2));
    assert.ok(told.every(({ outcome }) => outcome === 'applied'));
    told.length = 0;
    // Some of these are on their way when the nodes die.
    const atDeath = round('at-death', cluster.api(2));
    await Promise.all([cluster.node(0).kill(), cluster.node(1).kill()]);
    await atDeath;
    told.length = 0;
    // At first the survivor may still believe that it leads; later it knows better.
    for (let i = 0; i < 3; i += 1) await round(`without-${i}`, cluster.api(2));
    const slowest = Math.max(...told.map(({ ms }) => ms));
    const outcomes = new Set(told.map(({ outcome }) => outcome));
    console.log(`${told.length} answers: ${[...outcomes].join(', ')}; slowest ${slowest.toFixed(0)} ms`);
    assert.is(told.length, 3 * IN_FLIGHT);
    assert.ok([...outcomes].every((outcome) => outcome === 'not_applied' || outcome === 'unknown'));
    assert.ok(slowest < ANSWER_MS, `an answer took ${slowest} ms`);

    cluster.startAll();
    await cluster.ready();
    await round('after', cluster.api(1));
    await ledger.verify(cluster.apis);
  });
});

test.run();
