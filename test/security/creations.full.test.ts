// weight: heavy
// timeout: 300 s
/** The largest topics, asked for on each node of three at once. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits } from '@callboard/client/protocol';
import { CallFailed } from '../lib/raw-client.ts';
import { eventually } from '../lib/eventually.ts';
import { Attacker } from './lib/attacker.ts';
import { besides } from './lib/besides.ts';
import { onOwnTarget, Target } from './lib/target.ts';

const test = suite('security: creations on three nodes');
const target = onOwnTarget(test, { nodes: 3 });
const most = defaultLimits.topicPartitions;

interface Answer {
  readonly topic: string;
  readonly code: string | undefined;
  readonly outcome: string | undefined;
}

async function create(attacker: Attacker, topic: string): Promise<Answer> {
  const client = await attacker.client();
  try {
    await client.createTopic(topic, most);
    return { topic, code: undefined, outcome: undefined };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return { topic, code: error.failure?.code, outcome: error.failure?.outcome };
  }
}

test('what cannot be made in time is refused before it is begun, whichever node is asked', async () => {
  const { cluster } = target();
  await besides(target(), async (_, healthy) => {
    const attackers = cluster.nodes.map((_node, at) => new Attacker(new Target(cluster, at)));
    try {
      const asked = attackers.flatMap((one, at) =>
        [0, 1].map((n) => create(one, `mine-${Date.now()}-${at}-${n}`)),
      );
      await healthy.worksOn(10);
      const answers = await Promise.all(asked);
      // On a machine that is too slow for its estimate, what was begun may end late, and is told so.
      const refused = answers.filter(({ code }) => code === 'overloaded');
      assert.ok(refused.length < answers.length, JSON.stringify(answers));
      for (const { code, outcome } of answers) {
        const told = [undefined, 'overloaded not_applied', 'timeout unknown'];
        assert.ok(told.includes(code && `${code} ${outcome}`), JSON.stringify(answers));
      }
      const isListed = async (topic: string): Promise<boolean> => {
        const { topics } = await cluster.api(1).expect('GET', '/topics');
        return (topics as readonly string[]).includes(topic);
      };
      for (const { topic, code } of answers) {
        if (code !== 'overloaded') await eventually(`${topic} is listed`, () => isListed(topic));
      }
      for (const { topic } of refused) assert.not.ok(await isListed(topic), topic);
    } finally {
      for (const one of attackers) one.end();
    }
  });
});

test.run();
