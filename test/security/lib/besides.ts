/**
 * Runs an attack beside a healthy client, which must not notice. With TEST_FULL=1 the node under attack is also asked what it cost:
 * memory, and how long its event loop was busy at a time. A machine that was busy with something else has one more try.
 */
import * as assert from 'uvu/assert';
import { full } from '../../lib/effort.ts';
import { eventually } from '../../lib/eventually.ts';
import { Attacker } from './attacker.ts';
import { Healthy } from './healthy.ts';
import type { Target } from './target.ts';

const mostGrowthBytes = 64 << 20;
const mostLoopMs = 100;

/** `attack` returns when all of it has had its effect; its connections are closed after that. */
export type Attack = (attacker: Attacker, healthy: Healthy) => Promise<void>;

async function once(target: Target, attack: Attack): Promise<void> {
  const healthy = await Healthy.begin(target);
  const attacker = new Attacker(target);
  try {
    await healthy.worksOn();
    await attack(attacker, healthy);
    await healthy.worksOn();
  } finally {
    attacker.end();
    await healthy.end();
  }
  assert.equal(healthy.errors, []);
}

async function judged(target: Target, attack: Attack): Promise<void> {
  const before = await eventually('the node is quiet', async () => {
    const figures = await target.figures();
    return figures.loopMs < mostLoopMs / 2 && figures;
  });
  let loopMs = 0;
  let rssBytes = 0;
  const look = async (): Promise<void> => {
    const figures = await target.figures();
    loopMs = Math.max(loopMs, figures.loopMs);
    rssBytes = Math.max(rssBytes, figures.rssBytes);
  };
  const unanswered: unknown[] = [];
  const looking = setInterval(() => void look().catch((error: unknown) => unanswered.push(error)), 1_000);
  try {
    await once(target, attack);
  } finally {
    clearInterval(looking);
  }
  await look();
  assert.equal(unanswered, []);
  const growth = rssBytes - before.rssBytes;
  process.stdout.write(`the node took ${Math.round(growth / 2 ** 20)} MiB, and ${loopMs} ms at a time\n`);
  assert.ok(growth < mostGrowthBytes, `memory grew by ${Math.round(growth / 2 ** 20)} MiB`);
  assert.ok(loopMs <= mostLoopMs, `the event loop was busy for ${loopMs} ms at a time`);
}

export async function besides(target: Target, attack: Attack): Promise<void> {
  if (!full) return await once(target, attack);
  try {
    await judged(target, attack);
  } catch {
    await judged(target, attack);
  }
}
