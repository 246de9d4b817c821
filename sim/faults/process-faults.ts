/** Faults of processes and machines: killed, without power, paused, stalled, with wrong clocks. */
import type { SimNode } from '../node.ts';
import type { Fault, FaultContext } from './fault.ts';
import type { Moment } from './triggers.ts';

const moments: readonly Moment[] = [
  'write',
  'stored',
  'truncate',
  'truncated',
  'truncated',
  'vote',
  'vote-reply',
  'append-reply',
  'append',
];

/** Mostly short, sometimes long enough for everybody to have gone on without it. */
function downMs({ random }: FaultContext): number {
  return random.chance(0.7) ? random.between(20, 2_000) : random.between(2_000, 25_000);
}

export function kill(context: FaultContext, node: SimNode, power: boolean): void {
  if (!node.alive) return;
  const kind = power ? 'power-loss' : 'crash';
  context.hits(kind, node);
  node.crash(power);
  context.world.report.fault(kind);
  context.restartAfter(downMs(context), node);
}

function killOne(power: boolean): Fault {
  return (context) => {
    const { random, aim, triggers } = context;
    const node = aim.node((one) => one.alive);
    if (node === undefined) return false;
    // At once, or at the next telling moment; it counts when it strikes.
    if (random.chance(0.4)) kill(context, node, power);
    else triggers.arm(node.name, random.pick(moments), () => kill(context, node, power));
    return false;
  };
}

function killAll(power: boolean): Fault {
  return (context) => {
    const { world, random } = context;
    const alive = world.nodes.filter((node) => node.alive);
    if (alive.length < world.nodes.length) return false;
    const strike = (): void => {
      for (const node of world.nodes) {
        if (!node.alive) continue;
        node.crash(power);
        context.restartAfter(random.between(50, 4_000), node);
      }
      world.report.fault(power ? 'power-loss-all' : 'crash-all');
      world.report.sometimes('all nodes were down');
      if (world.nodes.length > 2) world.report.sometimes('a majority was down');
    };
    const first = random.pick(alive);
    if (random.chance(0.5)) strike();
    else context.triggers.arm(first.name, random.pick(moments), strike);
    return false;
  };
}

/**
 * Its disk is gone for good, and it comes back with an empty one under its name. Late in most runs: what may be damaged beside it from
 * then on is little. A node that was wiped before may be so again.
 */
const wipe: Fault = (context) => {
  const { world, random, aim } = context;
  const { atlas, settings } = world;
  if (world.nowMicros < settings.faults.wipeFromMs * 1_000) return false;
  const node = aim.node((one) => atlas.mayWipe(one.name));
  if (node === undefined) return false;
  const again = atlas.isWiped(node.name);
  world.report.fault('wipe');
  context.hits('wipe', node);
  node.crash(random.chance(0.5));
  node.storage.wipe();
  for (const key of [...world.oldJournals.keys()]) {
    if (key.startsWith(`${node.name} `)) world.oldJournals.delete(key);
  }
  atlas.wiped(node.name);
  world.report.event(node.name, 'wiped');
  world.report.sometimes(again ? 'a disk was wiped again' : 'a disk was wiped');
  context.restartAfter(downMs(context), node);
  return false;
};

const pause: Fault = ({ world, random, aim, during }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const { life } = node;
  const ms = random.chance(0.6) ? random.between(50, 1_500) : random.between(1_500, 15_000);
  node.pause();
  world.checks.answers.blocked(node.name, ms * 1_000);
  during(ms, () => {
    if (node.life === life && node.alive) node.resume();
  });
  return true;
};

const stall: Fault = ({ world, random, aim }) => {
  const node = aim.running();
  if (node === undefined) return false;
  const ms = random.chance(0.6) ? random.between(60, 800) : random.between(800, 5_000);
  node.stall(ms);
  world.checks.answers.blocked(node.name, ms * 1_000);
  world.report.sometimes('a late tick ran after a stall');
  return true;
};

const dayMs = 24 * 3_600_000;

const clockStep: Fault = ({ world, random, aim, during }) => {
  const node = aim.running();
  if (node === undefined) return false;
  if (!world.settings.faults.clockDays || random.chance(0.5)) {
    node.stepWall(random.between(-60_000, 60_000));
    return true;
  }
  // What is dated days ahead of a leader's clock is refused: somebody sets the clock right before long.
  const ms = random.between(1, 30) * (random.chance(0.5) ? dayMs : -dayMs);
  node.stepWall(ms);
  during(random.between(3_000, 30_000), () => node.stepWall(-ms));
  world.report.sometimes('a clock was wrong by days');
  return true;
};

const clockDrift: Fault = ({ random, aim, during }) => {
  const node = aim.running();
  if (node === undefined) return false;
  node.drift(random.between(-20_000, 20_000));
  during(random.between(5_000, 60_000), () => node.drift(0));
  return true;
};

export const processFaults: Readonly<Record<string, Fault>> = {
  crash: killOne(false),
  'power-loss': killOne(true),
  'crash-all': killAll(false),
  'power-loss-all': killAll(true),
  wipe,
  pause,
  stall,
  'clock-step': clockStep,
  'clock-drift': clockDrift,
};
