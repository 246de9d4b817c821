/**
 * Faults of actors: an exception where nobody expects one. The supervisor starts the actor anew; a replica that cannot stay up goes
 * into quarantine, and any other, and one on whose state others rely, ends its process.
 */
import type { SimNode } from '../node.ts';
import type { Fuse } from '../observe/fragile-actor.ts';
import type { Fault, FaultContext } from './fault.ts';
import type { Moment } from './triggers.ts';

/** With its write on the way to the disk, or just after it has promised something to others. */
const moments: readonly Moment[] = [
  'write',
  'write',
  'truncate',
  'vote',
  'vote-reply',
  'append-reply',
  'append',
];

/** Actors whose failure ends their process at once: hit less often, or hardly any other would ever fail. */
const vital: ReadonlySet<string> = new Set(['log-writer', 'log-reader', 'peer-link']);

function replicasOf(ids: readonly string[]): readonly string[] {
  return ids.filter((id) => id === 'manager' || id.startsWith('partition/'));
}

function target({ random }: FaultContext, node: SimNode): { id: string; fuse: Fuse } | undefined {
  const system = node.system;
  const ids = system?.fragile() ?? [];
  const lasting = ids.filter((id) => !vital.has(id));
  const drawn = random.next();
  const from = drawn < 0.6 ? replicasOf(ids) : drawn < 0.9 ? lasting : ids;
  const id = from.length === 0 ? undefined : random.pick(from);
  const fuse = id === undefined ? undefined : system?.fuses.get(id);
  return id === undefined || fuse === undefined ? undefined : { id, fuse };
}

/** Counted as it strikes. */
const actorCrash: Fault = (context) => {
  const { random, aim, triggers } = context;
  const node = aim.running();
  if (node === undefined) return false;
  if (random.chance(0.4)) {
    context.hits('actor-crash', node);
    target(context, node)?.fuse.arm(random.chance(0.5), 1);
    return false;
  }
  const { life } = node;
  const slow = random.chance(0.6);
  triggers.arm(node.name, random.pick(moments), () => {
    if (node.life !== life || !node.running) return;
    context.hits('actor-crash', node);
    const fuse = random.pick(replicasOf(node.system?.fragile() ?? ['manager']));
    // The write then outlasts the supervisor's first pause.
    if (slow) node.storage.engine.stall(random.between(60, 2_000));
    node.system?.fuses.get(fuse)?.arm(random.chance(0.5), 1);
  });
  return false;
};

/** It throws at its first message, whenever it is started: until the supervisor gives it up, and perhaps the process with it. */
const crashLoop: Fault = (context) => {
  const { random, aim, during } = context;
  const node = aim.running();
  const found = node === undefined ? undefined : target(context, node);
  if (found === undefined) return false;
  found.fuse.arm(random.chance(0.7), Infinity);
  during(random.between(20_000, 50_000), () => found.fuse.disarm());
  return true;
};

/** A group that is out of service hides what other faults would do to it. */
const poisonPauseMicros = 150_000_000;

/** All replicas of one group fail as they apply what is committed next, whenever they come to it. */
const poisonedGroup: Fault = ({ world, random, during }) => {
  const { checks, poison } = world;
  if (world.nowMicros - poison.lastMicros < poisonPauseMicros) return false;
  const groups = checks.promises.groups().filter((group) => checks.committed.group(group).last > 2);
  if (groups.length === 0) return false;
  const group = random.pick(groups);
  poison.put(group, checks.committed.group(group).last + 1, world.nowMicros);
  world.report.event('', 'poisoned', group);
  during(random.between(5_000, 50_000), () => poison.mend(group));
  return true;
};

export const actorFaults: Readonly<Record<string, Fault>> = {
  'actor-crash': actorCrash,
  'actor-crash-loop': crashLoop,
  'poisoned-group': poisonedGroup,
};
