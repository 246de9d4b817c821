/**
 * A healthy client beside an attack: over HTTP it produces and consumes, over a new connection each time it asks whether the node is
 * alive, and over the wire it produces. Whatever is not answered as it should be is kept.
 */
import { connect } from 'node:net';
import { RawClient } from '../../lib/raw-client.ts';
import { Api, describeAnswer } from '../../lib/api.ts';
import { draftOf } from '../../lib/chunks.ts';
import { eventually, pause } from '../../lib/eventually.ts';
import type { Target } from './target.ts';

let made = 0;

/** One lane of work: rounds, one after the other. */
interface Lane {
  readonly name: string;
  rounds: number;
  round(): Promise<void>;
}

export class Healthy {
  readonly errors: string[] = [];
  readonly #lanes: readonly Lane[];
  readonly #api: Api;
  readonly #wire: RawClient;
  #stopped = false;
  #working: Promise<unknown> = Promise.resolve();

  private constructor(api: Api, wire: RawClient, lanes: readonly Lane[]) {
    this.#api = api;
    this.#wire = wire;
    this.#lanes = lanes;
  }

  static async begin(target: Target): Promise<Healthy> {
    const api = new Api(target.url);
    const topic = `healthy-${process.pid}-${(made += 1)}`;
    await api.createTopic(topic, 1);
    const [producer, consumer] = [await api.registerProducer(topic), await api.registerConsumer(topic)];
    const wire = await RawClient.connect(target.wire());
    const healthy = new Healthy(api, wire, [
      lane('produce and consume over HTTP', () => throughHttp(api, topic, producer, consumer)),
      lane('/healthz over a new connection', () => probe(target.port)),
      lane('produce over the wire', async () => void (await wire.produce(topic, 0, draftOf(['wire'])))),
    ]);
    healthy.#working = Promise.all(healthy.#lanes.map((one) => healthy.#work(one)));
    return healthy;
  }

  /** Each lane ends as many rounds from now on. Fails with what went wrong, if something did. */
  async worksOn(rounds = 3): Promise<void> {
    const from = this.#lanes.map((one) => one.rounds);
    await eventually(
      'the healthy client works on',
      () => this.errors.length > 0 || this.#lanes.every((one, at) => one.rounds >= (from[at] ?? 0) + rounds),
    );
    const first = this.errors.slice(0, 5).join('; ');
    if (first !== '') throw new Error(`the healthy client met: ${first}`);
  }

  async end(): Promise<void> {
    this.#stopped = true;
    await this.#working;
    this.#wire.close();
    await this.#api.close();
  }

  async #work(one: Lane): Promise<void> {
    while (!this.#stopped) {
      try {
        await one.round();
        one.rounds += 1;
      } catch (error) {
        this.errors.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
      // A healthy client is no attack.
      await pause(5);
    }
  }
}

function lane(name: string, round: () => Promise<void>): Lane {
  return { name, rounds: 0, round };
}

async function throughHttp(api: Api, topic: string, producer: string, consumer: string): Promise<void> {
  await api.produce({ topic, producer, message: 'healthy' });
  const got = await api.consume({ topic, consumer });
  if (got.kind === 'record') return;
  throw new Error(
    `the consume was answered with ${got.kind === 'failed' ? describeAnswer(got.answer) : 'nothing'}`,
  );
}

/** By bytes: no pool decides which connection is used. */
function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(7_000, () => socket.destroy(new Error('no answer in 7 s')));
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => {
      if (text.startsWith('HTTP/1.1 200')) resolve();
      else reject(new Error(`answered with '${text.slice(0, 40)}'`));
    });
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  });
}
