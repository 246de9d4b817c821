/** Faults of the network beside the weather that each message meets: cuts, clogs, breaks, lost answers. And an admin's hand. */
import type { Direction } from '../network/direction.ts';
import type { Link } from '../network/link.ts';
import type { Fault, FaultContext } from './fault.ts';

interface Way {
  readonly link: Link;
  readonly direction: Direction;
}

function waysOf(context: FaultContext, name: string): readonly Way[] {
  return context.world.network
    .linksOf(name)
    .flatMap((link) => link.directions().map((direction) => ({ link, direction })));
}

/** Some last longer than any lease, some shorter than an election. */
function someMs({ random }: FaultContext): number {
  return random.chance(0.5) ? random.between(100, 2_500) : random.between(2_500, 20_000);
}

function cutFor(context: FaultContext, ways: readonly Way[], ms: number): void {
  for (const { link, direction } of ways) link.cut(direction);
  context.during(ms, () => {
    for (const { link, direction } of ways) link.mend(direction);
  });
}

const isolate: Fault = (context) => {
  const node = context.aim.node(() => true);
  if (node === undefined) return false;
  context.world.report.event(node.name, 'isolated');
  cutFor(context, waysOf(context, node.name), someMs(context));
  return true;
};

/** A minority of two is cut off together: the two may be a majority of a partition whose other replica is on the other side. */
const split: Fault = (context) => {
  const { random, world } = context;
  const { nodes } = world;
  const pair = pairOf(context);
  if (nodes.length < 5 || pair === undefined) return false;
  const ways = pair
    .flatMap((name) => waysOf(context, name))
    .filter(({ direction }) => !(pair.includes(direction.from) && pair.includes(direction.to)));
  world.report.event(pair[0], 'split', pair[1]);
  cutFor(context, ways, random.chance(0.3) ? random.between(500, 3_000) : random.between(3_000, 25_000));
  return true;
};

/** Mostly two replicas of one partition, whose majority they are. */
function pairOf({ random, world }: FaultContext): readonly [string, string] | undefined {
  const groups = world.checks.promises.groups().filter((group) => group !== 0);
  const among =
    groups.length > 0 && random.chance(0.7)
      ? world.checks.promises.members(random.pick(groups))
      : world.nodes.map(({ name }) => name);
  if (among.length < 2) return undefined;
  const one = random.pick(among);
  return [one, random.pick(among.filter((name) => name !== one))];
}

const oneWayCut: Fault = (context) => {
  const { random, aim, world } = context;
  const node = aim.node(() => true);
  if (node === undefined) return false;
  const outward = random.chance(0.5);
  const ways = waysOf(context, node.name).filter(
    ({ direction }) => (direction.from === node.name) === outward,
  );
  const chosen = random.chance(0.5) ? ways : [random.pick(ways)];
  world.report.event(node.name, outward ? 'cut-outward' : 'cut-inward', chosen.length);
  cutFor(context, chosen, someMs(context));
  return true;
};

/** A leader that is heard but cannot send entries must give way in time. */
const bulkCut: Fault = (context) => {
  const { aim, random, world, during } = context;
  const node = aim.running();
  if (node === undefined) return false;
  const outward = random.chance(0.8);
  const ways = waysOf(context, node.name).filter(
    ({ direction }) => (direction.from === node.name) === outward,
  );
  for (const { direction } of ways) direction.bulkCut = true;
  world.report.event(node.name, 'bulk-cut', outward);
  during(someMs(context), () => {
    for (const { link, direction } of ways) link.mend(direction);
  });
  return ways.length > 0;
};

const clog: Fault = (context) => {
  const { random, aim, world, during } = context;
  const node = aim.node(() => true);
  if (node === undefined) return false;
  const ways = waysOf(context, node.name).filter(() => random.chance(0.6));
  const micros = random.between(20, world.network.raw ? 3_000 : 800) * 1_000;
  for (const { direction } of ways) direction.clogMicros = micros;
  world.report.event(node.name, 'clog', micros / 1_000);
  during(someMs(context), () => {
    for (const { direction } of ways) direction.clogMicros = 0;
  });
  return ways.length > 0;
};

const connectionBreak: Fault = ({ world, random }) => {
  const { links } = world.network;
  if (links.length === 0) return false;
  const link = random.pick(links);
  const [{ from, to }] = link.directions();
  if (!link.isUp(from) || !link.isUp(to)) return false;
  link.break(
    new Map([
      [from, random.below(20_000)],
      [to, random.below(20_000)],
    ]),
  );
  world.report.event(from, 'connection-break', to);
  return true;
};

/** Counts with each answer that is lost. */
const answerLost: Fault = (context) => {
  const { clients, random, during } = context;
  clients.answerLoss = 0.05 + 0.4 * random.next();
  during(random.between(2_000, 20_000), () => {
    clients.answerLoss = 0;
  });
  return false;
};

/** An admin takes a broker out of service and brings it back, insisting on the latter until it is done. */
const deactivate: Fault = ({ world, clients, random, aim, during }) => {
  const broker = aim.running();
  if (broker === undefined) return false;
  const call = (action: 'deactivate' | 'activate'): void => {
    const asked = { op: 'admin', action, broker: broker.name } as const;
    clients.call(random.pick(world.nodes), asked, (outcome) => {
      if (outcome.kind !== 'value' && action === 'activate') {
        world.after(random.between(300, 1_500), () => call(action));
      }
    });
  };
  call('deactivate');
  during(random.between(500, 10_000), () => call('activate'));
  return true;
};

export const networkFaults: Readonly<Record<string, Fault>> = {
  isolate,
  split,
  'one-way-cut': oneWayCut,
  'bulk-cut': bulkCut,
  clog,
  'connection-break': connectionBreak,
  'answer-lost': answerLost,
  deactivate,
};
