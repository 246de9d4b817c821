/**
 * What an attack costs others: one client at 127.0.0.1 produces over HTTP, one record at a time, unattacked and then beside each kind of
 * attack from 127.0.0.2, all against one node of three. The figure is the p99 beside the attack by the p99 without, in the same run.
 *
 * `node dist/bench/attacked.js [--seconds N]`
 */
import { parseArgs } from 'node:util';
import { Cluster } from '../test/lib/cluster.ts';
import { Attacker, type Line } from '../test/security/lib/attacker.ts';
import { Target } from '../test/security/lib/target.ts';
import { formatTable } from './lib/table.ts';
import { Latencies } from './load/histogram.ts';
import type { LatencyMs } from './suite/result.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' } } });
const milliseconds = Number(values.seconds) * 1_000;
const topic = 'bench-attacked';

/** Goes on until `stopped`, or has its effect by its open connections alone. */
type Attack = (attacker: Attacker, stopped: () => boolean) => Promise<void>;

const post = 'POST /topics HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
const dear = `{"name":1,"x":"${'\\u0001'.repeat(340_000)}"}`;

async function ended({ socket }: Line): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
}

const attacks: Readonly<Record<string, Attack>> = {
  'slow heads': async (attacker) => void (await attacker.lines(2_600, 'GET /topics HTTP/1.1\r\nhost: local')),
  'slow bodies': async (attacker) =>
    void (await attacker.lines(320, `${post}content-length: 2097152\r\n\r\nx`)),
  'pages that nobody reads': async (attacker) => {
    const pages = 'GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(250);
    for (const line of await attacker.lines(4)) line.mute().send(pages);
  },
  'dear bodies on 4 connections': async (attacker, stopped) => {
    const head = `${post}connection: close\r\ncontent-length: ${dear.length}\r\n\r\n`;
    const lane = async (): Promise<void> => {
      while (!stopped()) {
        const line = await attacker.line(head + dear);
        await ended(line);
        attacker.forget(line);
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
  },
};

async function produceFor(target: Target, producer: string): Promise<LatencyMs & { readonly count: number }> {
  const api = target.cluster.api(0);
  const latencies = new Latencies();
  let count = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; count += 1) {
    const began = performance.now();
    await api.produce({ topic, producer, message: 'x'.repeat(100) });
    latencies.record(performance.now() - began);
  }
  return { ...latencies.summary(), count };
}

const cluster = await Cluster.start();
try {
  const target = new Target(cluster);
  await cluster.api(0).createTopic(topic, 1);
  const producer = await cluster.api(0).registerProducer(topic);
  await produceFor(target, producer);
  const rows: Record<string, string | number>[] = [];
  for (const [name, attack] of Object.entries(attacks)) {
    // Each has its own measure without it: machines change their minds within minutes.
    const without = await produceFor(target, producer);
    const attacker = new Attacker(target);
    let stopped = false;
    const attacking = attack(attacker, () => stopped);
    const beside = await produceFor(target, producer);
    stopped = true;
    attacker.end();
    await attacking;
    const figures = ({ count, p50, p99 }: typeof beside) => ({
      produces: count,
      'p50 ms': p50,
      'p99 ms': p99,
    });
    rows.push({ beside: 'nothing', ...figures(without), 'p99 by that without': '' });
    rows.push({ beside: name, ...figures(beside), 'p99 by that without': beside.p99 / without.p99 });
  }
  process.stdout.write(`${formatTable(rows)}\n`);
} finally {
  await cluster.destroy();
}
