/** A client's machine: a clock of its own, a way to each node, and the process that runs on it, of which the platform is made. */
import { crc32 } from 'node:zlib';
import type { SimNode } from '../node.ts';
import type { Report } from '../observe/report.ts';
import { SimClock } from '../ports/sim-clock.ts';
import type { SimLoop } from '../ports/sim-loop.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Turns } from '../ports/turns.ts';
import type { Platform } from './inside.ts';
import { Way } from './way.ts';
import { Wire, type WireTap } from './wire.ts';

export interface MachineOptions {
  readonly name: string;
  readonly loop: SimLoop;
  readonly report: Report;
  readonly random: SimRandom;
  readonly turns: Turns;
  readonly nodes: readonly SimNode[];
}

export class ClientMachine {
  readonly name: string;
  readonly ways: readonly Way[];
  /** Told after the process has ended. */
  onCrashed: () => void = () => undefined;
  readonly #options: MachineOptions;
  #clock: SimClock;
  #life = 1;
  #platforms = 0;
  #wires: Wire[] = [];

  constructor(options: MachineOptions) {
    const { name, loop, random, nodes } = options;
    this.name = name;
    this.#options = options;
    this.ways = nodes.map((node) => new Way(node.name));
    // A client has none of a node's precautions: after a stall its timers run before its sockets are read.
    this.#clock = new SimClock(loop, name, {
      wallOffsetMs: random.between(-2_000, 2_000),
      driftPpm: random.between(-200, 200),
      lateTickRule: false,
    });
  }

  /** The clock of the process that runs now. */
  get clock(): SimClock {
    return this.#clock;
  }

  /** Counts the processes, from 1. */
  get life(): number {
    return this.#life;
  }

  /** What the client library of this process runs on. */
  platform(tap: (node: SimNode) => WireTap): Platform {
    const clock = this.#clock;
    const { name, turns, random: all } = this.#options;
    this.#platforms += 1;
    const random = all.fork(`platform ${this.#platforms}`);
    return {
      name: `callboard-sim/${name}`,
      crc32,
      open: (url, _frameBytes, handlers) => {
        const { hostname } = new URL(url);
        const node = this.#options.nodes.find((one) => one.name === hostname);
        const way = this.ways.find((one) => one.node === hostname);
        if (node === undefined || way === undefined) throw new Error(`no node is at ${url}`);
        const { loop, report } = this.#options;
        const wire = new Wire({ loop, report, random, turns, way, node, clock, handlers, tap: tap(node) });
        this.#wires = [...this.#wires.filter(({ over }) => !over), wire];
        return wire;
      },
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      setTimer: (ms, run) => clock.setTimer(ms, () => turns.run(run)),
      soon: (run) => turns.soon(run),
      random: () => random.next(),
      randomBytes: (count) => random.bytes(count),
    };
  }

  stall(ms: number): void {
    this.#clock.stall(ms);
    this.#options.report.event(this.name, 'client-stall', ms);
  }

  /** The process is killed, `power`: with its machine. */
  crash(power: boolean): void {
    this.#clock.crash();
    for (const wire of this.#wires) wire.clientGone(power);
    this.#wires = [];
    this.#clock = this.#clock.reboot();
    this.#life += 1;
    this.#options.report.event(this.name, power ? 'client-power-loss' : 'client-crash');
    this.onCrashed();
  }
}
