/**
 * Runs an attack beside a healthy client, which must not notice. With TEST_FULL=1 the node under attack is also asked what it cost:
 * memory, and how long its event loop was busy at a time. A machine that was busy with something else has one more try.
 */
import * as assert from 'uvu/assert';
import { withLastWords } from '../../lib/cluster.ts';
import { full } from '../../lib/effort.ts';
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

interface Cost {
  readonly growthBytes: number;
  readonly loopMs: number;
}

async function measured(target: Target, attack: Attack): Promise<Cost> {
  await target.watch();
  const before = target.figures();
  let { rssBytes, loopMs } = before;
  const look = (): void => {
    const figures = target.figures();
    rssBytes = Math.max(rssBytes, figures.rssBytes);
    loopMs = Math.max(loopMs, figures.loopMs);
  };
  const looking = setInterval(look, 100);
  try {
    await once(target, attack);
  } finally {
    clearInterval(looking);
  }
  look();
  const growthBytes = rssBytes - before.rssBytes;
  process.stdout.write(
    `the node took ${Math.round(growthBytes / 2 ** 20)} MiB, and ${loopMs} ms at a time\n`,
  );
  return { growthBytes, loopMs };
}

function isBounded({ growthBytes, loopMs }: Cost): boolean {
  return growthBytes < mostGrowthBytes && loopMs <= mostLoopMs;
}

export async function besides(target: Target, attack: Attack): Promise<void> {
  await withLastWords(target.cluster, async () => {
    if (!full) {
      await once(target, attack);
      return;
    }
    const first = await measured(target, attack);
    const cost = isBounded(first) ? first : await measured(target, attack);
    const mib = Math.round(cost.growthBytes / 2 ** 20);
    assert.ok(
      isBounded(cost),
      `memory grew by ${mib} MiB, the event loop was busy for ${cost.loopMs} ms at a time`,
    );
  });
}
