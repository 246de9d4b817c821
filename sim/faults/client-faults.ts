/** Faults of the programs that use the client library, and of their ways to the nodes. */
import type { ClientMachine } from '../client/machine.ts';
import type { Way } from '../client/way.ts';
import type { Fault, FaultContext } from './fault.ts';

/** A way that a client uses now. */
function someWay(context: FaultContext): { readonly machine: ClientMachine; readonly way: Way } | undefined {
  const used = context.clients.machines.flatMap((machine) =>
    machine.ways.filter(({ open }) => open > 0).map((way) => ({ machine, way })),
  );
  return used.length === 0 ? undefined : context.random.pick(used);
}

function someMachine({ clients, random }: FaultContext): ClientMachine | undefined {
  return clients.machines.length === 0 ? undefined : random.pick(clients.machines);
}

/** Long enough now and then that either end gives the connection up. */
function someMs({ random }: FaultContext): number {
  return random.chance(0.6) ? random.between(50, 3_000) : random.between(3_000, 40_000);
}

const clientBreak: Fault = (context) => {
  const chosen = someWay(context);
  if (chosen === undefined) {
    return false;
  }
  chosen.way.break();
  context.world.report.event(chosen.machine.name, 'client-break', chosen.way.node);
  return true;
};

/** Nothing gets through, one way or both, and nobody is told. */
const clientSilence: Fault = (context) => {
  const chosen = someWay(context);
  if (chosen === undefined) {
    return false;
  }
  const { machine, way } = chosen;
  way.cut(context.random.pick([['up', 'down'], ['up'], ['down']] as const));
  context.during(someMs(context), () => way.mend());
  context.world.report.event(machine.name, 'client-silence', way.node);
  return true;
};

const clientClog: Fault = (context) => {
  const chosen = someWay(context);
  if (chosen === undefined) {
    return false;
  }
  const { machine, way } = chosen;
  way.clogMicros = context.random.between(20, 3_000) * 1_000;
  context.during(someMs(context), () => way.mend());
  context.world.report.event(machine.name, 'client-clog', way.node, way.clogMicros / 1_000);
  return true;
};

/** The program does nothing for a while, and reads nothing; afterwards its timers run before its sockets are read. */
const clientStall: Fault = (context) => {
  const machine = someMachine(context);
  if (machine === undefined) {
    return false;
  }
  machine.stall(
    context.random.chance(0.7) ? context.random.between(50, 2_000) : context.random.between(2_000, 45_000),
  );
  return true;
};

const clientCrash: Fault = (context) => {
  const machine = someMachine(context);
  if (machine === undefined) {
    return false;
  }
  machine.crash(context.random.chance(0.3));
  return true;
};

export const clientFaults: Readonly<Record<string, Fault>> = {
  'client-break': clientBreak,
  'client-silence': clientSilence,
  'client-clog': clientClog,
  'client-stall': clientStall,
  'client-crash': clientCrash,
};
