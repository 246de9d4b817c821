// weight: heavy
/** Strangers on the path of the peers: a broker that comes back finds its way past them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../lib/eventually.ts';
import { upgradeHead } from '../transport/raw-socket.ts';
import { Attacker, type Line } from './lib/attacker.ts';
import { Healthy } from './lib/healthy.ts';
import { onTarget, Target } from './lib/target.ts';

const test = suite('security: peers');
const shared = onTarget(test);

const strangers = 300;

/** As many strangers as that at any time: who is cut comes again. */
class Crowd {
  came = 0;
  #ended = false;
  readonly #lanes: readonly Promise<void>[];

  constructor(attacker: Attacker) {
    this.#lanes = Array.from({ length: strangers }, async (_, n) => {
      while (!this.#ended) {
        const line = await attacker.line(
          upgradeHead('/peer'),
          n % 2 === 0 ? undefined : `127.0.1.${n % 200}`,
        );
        this.came += 1;
        await this.#gone(line);
        attacker.forget(line);
      }
    });
  }

  async end(attacker: Attacker): Promise<void> {
    this.#ended = true;
    attacker.end();
    await Promise.all(this.#lanes);
  }

  async #gone({ closed, socket }: Line): Promise<void> {
    if (!closed && !socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  }
}

function linksOf(status: Readonly<Record<string, unknown>>): readonly string[] {
  const { links } = status['links'] as { readonly links: Readonly<Record<string, unknown>> };
  return Object.keys(links);
}

test('a restarted broker is linked again while strangers hold the path of the peers', async () => {
  const { cluster } = shared();
  // The node with the lower name dials: it is restarted, and the other one attacked.
  const [dialer, attacked] = [cluster.node(0), new Target(cluster, 1)];
  const attacker = new Attacker(attacked);
  const crowd = new Crowd(attacker);
  try {
    await eventually('the strangers are there', () => crowd.came >= strangers);
    await dialer.kill();
    await eventually('its link is down', async () => !linksOf(await attacked.status()).includes(dialer.name));
    const before = crowd.came;
    dialer.start();
    await dialer.ready();
    await eventually('they are linked', async () => linksOf(await attacked.status()).includes(dialer.name));
    await eventually('strangers are cut, and come again', () => crowd.came > before);
  } finally {
    await crowd.end(attacker);
  }
  const healthy = await Healthy.begin(attacked);
  await healthy.worksOn();
  await healthy.end();
  assert.equal(healthy.errors, []);
});

test.run();
