/**
 * A cluster of managers under one seed: the real wire codec between its nodes, and a network of a few lines that can be
 * cut. Time is simulated; nothing here waits.
 */
import { createActorCodec, type ActorCodec } from '../../../src/actors/wire.ts';
import type { Envelope, SendResult } from '../../../src/kernel/index.ts';
import { defaultLimits, type Limits } from '@callboard/client/protocol';
import { SimLoop } from '../../../sim/ports/sim-loop.ts';
import { TestNode, type World } from './node.ts';

export { outcomeOf } from './node.ts';
export type { Asked, TestNode } from './node.ts';

export interface ClusterOptions {
  readonly names?: readonly string[];
  readonly seed?: number | string;
  readonly limits?: Partial<Limits>;
  readonly manual?: boolean;
}

export class Cluster implements World {
  readonly loop: SimLoop;
  readonly names: readonly string[];
  readonly limits: Limits;
  readonly manual: boolean;
  readonly codec: ActorCodec;
  /** Messages that this names are lost on the way. */
  drop: (envelope: Envelope) => boolean = () => false;
  /** Actors whose failure is part of the test. */
  mayFail: (actorId: string) => boolean = () => false;
  /** Sees every message between nodes that is not lost. */
  tap: (envelope: Envelope) => void = () => undefined;
  readonly notes: { readonly node: string; readonly actor: string; readonly event: string }[] = [];
  readonly #nodes = new Map<string, TestNode>();
  readonly #cuts = new Set<string>();
  readonly #arrivals = new Map<string, number>();

  constructor(options: ClusterOptions = {}) {
    this.names = options.names ?? ['n1', 'n2', 'n3'];
    this.loop = new SimLoop({ seed: options.seed ?? 1 });
    this.limits = { ...defaultLimits, ...options.limits };
    this.manual = options.manual ?? false;
    this.codec = createActorCodec(this.limits);
    for (const name of this.names) this.#nodes.set(name, new TestNode(this, name));
  }

  node(name: string): TestNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  nodes(): readonly TestNode[] {
    return [...this.#nodes.values()];
  }

  startAll(): this {
    for (const name of this.names) this.node(name).start();
    return this;
  }

  /** A node beyond those named at the start. */
  addNode(name: string): TestNode {
    const node = new TestNode(this, name);
    this.#nodes.set(name, node);
    return node;
  }

  /** Runs until the condition holds; fails with its name if simulated time runs out first. */
  until(what: string, holds: () => boolean, withinMs = 60_000): void {
    const end = this.loop.nowMicros + withinMs * 1_000;
    while (!holds()) {
      if (this.loop.nowMicros > end || !this.loop.step()) {
        throw new Error(`still waiting for: ${what}\n${this.describe()}`);
      }
    }
  }

  pass(ms: number): void {
    this.loop.run(this.loop.nowMicros + ms * 1_000);
  }

  describe(): string {
    return this.nodes()
      .map((node) => JSON.stringify([node.name, node.up ? node.manager() : 'down']))
      .join('\n');
  }

  /** The node that leads group 0 and takes proposals, as all that are up see it. */
  primary(): TestNode | undefined {
    const up = this.nodes().filter((node) => node.up);
    const leader = up.find((node) => node.manager()['role'] === 'leader');
    const agreed = up.every((node) => node.manager()['leader'] === leader?.name);
    return agreed ? leader : undefined;
  }

  untilFounded(): void {
    this.until('a directory with all nodes in it', () => {
      const up = this.nodes().filter((node) => node.up);
      return (
        this.primary() !== undefined &&
        up.every((node) => up.every((other) => node.knows(`broker ${other.name}`)))
      );
    });
  }

  cut(one: string, other: string): void {
    this.#cuts.add(`${one}>${other}`).add(`${other}>${one}`);
    this.#news(one, other, false);
  }

  isolate(name: string): void {
    for (const other of this.#nodes.keys()) if (other !== name) this.cut(name, other);
  }

  heal(): void {
    this.#cuts.clear();
    for (const one of this.nodes()) {
      for (const other of this.nodes()) {
        if (one.name < other.name && one.up && other.up) this.#news(one.name, other.name, true);
      }
    }
  }

  /** A process came up or ended: its links did too. */
  changed(name: string, up: boolean): void {
    for (const other of this.nodes()) {
      if (other.name !== name && other.up && !this.#cuts.has(`${name}>${other.name}`)) {
        this.#news(name, other.name, up);
      }
    }
  }

  /** In order per pair and lane; lost with the process that it was meant for. */
  carry(envelope: Envelope): SendResult {
    const { from, to, lane, message } = envelope;
    const target = this.#nodes.get(to.node);
    const path = `${from.node}>${to.node}`;
    if (target === undefined || !target.up || this.#cuts.has(path)) return 'gone';
    const wire = this.codec.encode(to.id, message);
    if (this.drop(envelope)) return 'accepted';
    const generation = target.generation;
    const key = `${path}/${lane}`;
    const latency = 200 + this.loop.random.below(800);
    const arrival = Math.max((this.#arrivals.get(key) ?? 0) + 1, this.loop.nowMicros + latency);
    this.#arrivals.set(key, arrival);
    this.loop.at(arrival, () => {
      if (target.generation !== generation || !target.up || this.#cuts.has(path)) return;
      this.tap(envelope);
      target.receive({ from, to, lane, message: this.codec.decode(to.id, wire) });
    });
    return 'accepted';
  }

  #news(one: string, other: string, up: boolean): void {
    this.node(one).linkNews(other, up);
    this.node(other).linkNews(one, up);
  }
}
