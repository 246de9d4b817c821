/** One record per HTTP call, 64 keep-alive connections to one node, in closed loops. */
import { Cluster } from '../../test/lib/cluster.ts';
import { expectSuccess, runLoad, type Measured } from '../lib/http-load.ts';
import { figuresOf } from '../suite/process-figures.ts';
import type { Options } from '../suite/options.ts';
import type { Result } from '../suite/result.ts';
import { runningCluster } from '../systems/callboard.ts';
import { ownResult, rounded } from './own.ts';
import type { OwnScenario } from './scenario.ts';

const defaultConnections = 64;
const topic = 'bench-http';
const recordBytes = 100;
const message = 'x'.repeat(recordBytes);

export const http: OwnScenario = {
  name: 'http',
  what: 'produce and consume over HTTP, one record per call, 64 connections to one node',
  of: 'callboard',
  run: async (options) => {
    const cluster = await Cluster.start();
    try {
      return await measure(cluster, options);
    } finally {
      await cluster.destroy();
    }
  },
};

async function measure(cluster: Cluster, options: Options): Promise<readonly Result[]> {
  const connections = options.clients ?? defaultConnections;
  const api = cluster.api(0);
  await api.createTopic(topic, options.partitions);
  const producer = await api.registerProducer(topic);
  const consumer = await api.registerConsumer(topic);
  const running = runningCluster(cluster);
  const load = async (
    scenario: string,
    seconds: number,
    count: number,
    [method, path, body]: readonly [string, string, object],
  ): Promise<Result> => {
    const before = figuresOf(running.pids());
    const measured = await runLoad({
      scenario,
      url: api.base,
      connections: count,
      seconds,
      call: async (connection) => {
        const answer = await connection.call(method, path, body);
        if (answer.body.includes('"empty_partition"')) return false;
        expectSuccess(answer, scenario);
        return true;
      },
    });
    const after = figuresOf(running.pids());
    return resultOf(measured, after.cpuSeconds - before.cpuSeconds, after.peakRssBytes);
  };
  const seconds = options.durationMs / 1_000;
  const produce = ['POST', '/producer/produce', { topic, producer_id: producer, message }] as const;
  const consume = ['GET', '/consumer/consume', { topic, consumer_id: consumer }] as const;
  await load('warm-up', Math.min(2, seconds), connections, produce);
  return [
    await load('http produce, 1 connection', seconds, 1, produce),
    await load(`http produce, ${connections} connections`, seconds, connections, produce),
    await load(`http consume, ${connections} connections`, seconds, connections, consume),
  ];
}

function resultOf(measured: Measured, cpuSeconds: number, peakRssBytes: number): Result {
  const { scenario, calls, perSecond, p50Ms, p99Ms, p999Ms, maxMs } = measured;
  return ownResult(scenario, {
    records: calls,
    recordBytes,
    recordsPerSecond: perSecond,
    megabytesPerSecond: rounded((perSecond * recordBytes) / 1e6),
    latencyMs: { p50: p50Ms, p99: p99Ms, p999: p999Ms, max: maxMs },
    cpuSeconds: rounded(cpuSeconds),
    peakRssBytes,
    repeats: [perSecond],
  });
}
