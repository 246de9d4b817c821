/**
 * A whole simulated cluster under one seed: nodes, network, clients, faults and checkers on one loop.
 */
import type { Address, Envelope, TraceFields } from '../src/kernel/index.ts';
import type { LoadEffect } from '../src/raft/index.ts';
import { entryTag } from '../src/storage/keys.ts';
import { createActorCodec } from '../src/actors/wire.ts';
import { CheckDesk } from './check-desk.ts';
import { Atlas } from './faults/atlas.ts';
import { EncodedParcels, SharedParcels } from './network/parcels.ts';
import { SimNetwork } from './network/sim-network.ts';
import { SimNode } from './node.ts';
import { Poison } from './observe/poison.ts';
import type { RaftView } from './observe/raft-probe.ts';
import { Report } from './observe/report.ts';
import { SimLoop } from './ports/sim-loop.ts';
import type { SimRandom } from './ports/sim-random.ts';
import type { Settings } from './settings.ts';

export class World {
  readonly settings: Settings;
  readonly loop: SimLoop;
  readonly random: SimRandom;
  readonly report: Report;
  readonly network: SimNetwork;
  readonly nodes: readonly SimNode[];
  readonly atlas: Atlas;
  readonly checks: CheckDesk;
  /** Told after a process has ended. */
  onEnded: (node: SimNode, why: string) => void = () => undefined;
  /** Told of each message between nodes as it leaves. */
  onSend: (envelope: Envelope) => void = () => undefined;
  /** Told as a node begins a write. */
  onWriting: (node: string, truncates: boolean) => void = () => undefined;
  /** Told as a leader asks its disk for what a follower lacks; the disk is not read yet. */
  onReplicationRead: (view: RaftView, load: LoadEffect) => void = () => undefined;
  /** Told as a batch of a node's engine has taken effect. */
  onBatch: (node: string, truncates: boolean) => void = () => undefined;
  /** Whether something is wrong on purpose right now. */
  isDisturbed: () => boolean = () => false;
  readonly poison: Poison = new Poison();
  /** Earlier copies of journal files, by node and name. */
  readonly oldJournals: Map<string, Uint8Array> = new Map();

  constructor(settings: Settings, line?: (text: string) => void) {
    this.settings = settings;
    this.loop = new SimLoop({ seed: settings.seed });
    this.random = this.loop.random;
    const { loop } = this;
    const base = { nowMicros: () => loop.nowMicros, hash: loop.hash };
    this.report = new Report(line === undefined ? base : { ...base, line });
    const codec = createActorCodec(settings.limits);
    this.network = new SimNetwork({
      loop,
      random: this.random.fork('network'),
      settings: settings.network,
      limits: settings.limits,
      names: settings.nodes,
      parcels: settings.encode ? new EncodedParcels(codec, settings.limits) : new SharedParcels(),
      report: this.report,
      onSend: (envelope) => this.onSend(envelope),
    });
    this.atlas = new Atlas(this);
    this.checks = new CheckDesk(this);
    this.nodes = settings.nodes.map((name) => this.#node(name));
  }

  get nowMicros(): number {
    return this.loop.nowMicros;
  }

  node(name: string): SimNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  after(delayMs: number, callback: () => void): void {
    this.loop.after(Math.max(1, Math.ceil(delayMs * 1_000)), callback);
  }

  /** Runs until then, or until something is found. */
  run(untilMicros: number, maxEvents: number): void {
    const { loop, report } = this;
    const slice = 200_000;
    const before = loop.executed;
    while (loop.nowMicros < untilMicros && !report.failed) {
      loop.run(Math.min(untilMicros, loop.nowMicros + slice));
      if (loop.executed - before > maxEvents) {
        report.violation('events', `more than ${maxEvents} events before ${untilMicros} us`);
      }
    }
  }

  #node(name: string): SimNode {
    const { loop, network, report, settings } = this;
    const node = new SimNode(name, {
      loop,
      network,
      report,
      random: this.random.fork('nodes'),
      names: settings.nodes,
      limits: settings.limits,
      disk: settings.disk,
      freezeMessages: !settings.encode,
      events: {
        store: (node) => this.checks.storeObserver(node),
        note: (node, actor, level, event, fields) => this.#note(node, actor, level, event, fields),
        gone: ({ name: topic, partitions }) => {
          this.checks.removals.gone(
            topic,
            partitions.map(({ group }) => group),
          );
        },
        started: (node) => this.checks.processStarted(node),
        ended: (node, why) => {
          this.checks.processEnded(node, why);
          this.onEnded(node, why);
        },
      },
    });
    node.storage.engine.onBatch = (ops) => {
      const cuts = ops.some((op) => op.kind === 'delete' && op.key[0] === entryTag);
      this.onBatch(name, cuts);
    };
    return node;
  }

  #note(node: SimNode, actor: Address, level: string, event: string, fields: TraceFields | undefined): void {
    const { report } = this;
    if (!report.tracing) report.event(node.name, event);
    else {
      const shown = Object.entries(fields ?? {}).map(([key, value]) => `${key}=${String(value)}`);
      report.event(node.name, event, actor.id, ...shown);
    }
    this.checks.note(node, actor, level, event, fields ?? {});
  }
}
