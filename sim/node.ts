/**
 * One simulated node: a machine with a clock and disks, and the process that runs on it, or none. A process runs exactly what
 * production runs: the actors of `startNodeActors` on the store that the journal and the engine open to.
 */
import { crc32 } from 'node:zlib';
import { hex, type Limits, type ReplicaId } from '@callboard/client/protocol';
import type { Address, Envelope, Trace, TraceFields } from '../src/kernel/index.ts';
import { refTo } from '../src/kernel/index.ts';
import { gatewayActorId } from '../src/actors/gateway/messages.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../src/actors/peer-link/messages.ts';
import { sharedBySessions, type SharedBySessions } from '../src/node/client-sessions.ts';
import { deliver } from '../src/node/deliver.ts';
import type { Topic } from '../src/directory/index.ts';
import { startNodeActors } from '../src/node/node-actors.ts';
import type { LogStore } from '../src/raft/index.ts';
import { ClientPort } from './client/client-port.ts';
import { Door } from './door.ts';
import type { LinkEnd } from './network/link.ts';
import type { SimNetwork } from './network/sim-network.ts';
import { ObservedStore } from './observe/observed-store.ts';
import type { StoreObserver } from './observe/observed-store.ts';
import { ObservedSystem } from './observe/observed-system.ts';
import type { Report } from './observe/report.ts';
import { SimClock } from './ports/sim-clock.ts';
import type { SimLoop } from './ports/sim-loop.ts';
import type { SimRandom } from './ports/sim-random.ts';
import type { DiskSettings } from './settings.ts';
import { SimStorage } from './storage/sim-storage.ts';

export interface NodeEvents {
  store(node: SimNode): StoreObserver;
  note(node: SimNode, actor: Address, level: string, event: string, fields: TraceFields | undefined): void;
  /** The process serves. */
  started(node: SimNode): void;
  /** The node has applied the end of this topic's removal. */
  gone(topic: Topic): void;
  /** The process is gone, by a fault or by itself. */
  ended(node: SimNode, why: string): void;
}

export interface NodeOptions {
  readonly loop: SimLoop;
  readonly random: SimRandom;
  readonly network: SimNetwork;
  readonly report: Report;
  readonly names: readonly string[];
  readonly limits: Limits;
  readonly disk: DiskSettings;
  readonly freezeMessages: boolean;
  readonly events: NodeEvents;
}

/** What runs on the machine now. */
interface Process {
  readonly clock: SimClock;
  system: ObservedSystem | undefined;
  store: LogStore | undefined;
  door: Door | undefined;
  clients: ClientPort | undefined;
  readonly shared: SharedBySessions;
}

export class SimNode {
  readonly name: string;
  readonly storage: SimStorage;
  readonly #options: NodeOptions;
  readonly #random: SimRandom;
  #clock: SimClock | undefined;
  #process: Process | undefined;
  #life = 0;
  #drift = 0;

  constructor(name: string, options: NodeOptions) {
    this.name = name;
    this.#options = options;
    this.#random = options.random.fork(name);
    const ids = this.#random.fork('journal ids');
    const disk = this.#random.fork('disk');
    this.storage = new SimStorage({
      random: () => disk.next(),
      crc32,
      drawId: () => hex(ids.bytes(16)) as ReplicaId,
    });
  }

  /** Counts the processes, from 1. */
  get life(): number {
    return this.#life;
  }

  get clock(): SimClock | undefined {
    return this.#process?.clock;
  }

  /** A process is there, perhaps still starting. */
  get alive(): boolean {
    return this.#process !== undefined;
  }

  get running(): boolean {
    return this.#process?.system !== undefined;
  }

  get blocked(): boolean {
    return this.#process?.clock.blocked ?? false;
  }

  get system(): ObservedSystem | undefined {
    return this.#process?.system;
  }

  /** The run of its gateway, as takers know it; undefined: none now. */
  get gatewayRun(): number | undefined {
    return this.#process?.system?.inspectOne(gatewayActorId)?.details['run'] as number | undefined;
  }

  get store(): LogStore | undefined {
    return this.#process?.store;
  }

  /** What the client sessions of this process share. */
  get sessions(): SharedBySessions | undefined {
    return this.#process?.shared;
  }

  get door(): Door | undefined {
    return this.#process?.door;
  }

  /** Where real clients come in. */
  get clients(): ClientPort | undefined {
    return this.#process?.clients;
  }

  start(): void {
    if (this.#process !== undefined) return;
    this.#life += 1;
    const clock = this.#nextClock();
    const process: Process = {
      clock,
      system: undefined,
      store: undefined,
      door: undefined,
      clients: undefined,
      shared: sharedBySessions(this.#options.limits, () => false),
    };
    this.#process = process;
    const { loop, disk, report } = this.#options;
    report.event(this.name, 'process-starts', this.#life);
    // Completions of a disk are inputs of the process: one that is paused sees them later, one that died never.
    const schedule = (delayMs: number, callback: () => void): void => {
      clock.inputAt(loop.nowMicros + Math.max(1, Math.ceil(delayMs * 1_000)), callback);
    };
    this.storage.open(
      schedule,
      (opened) => {
        if (this.#process !== process) return;
        if (!opened.ok) {
          report.sometimes('a node could not open its store');
          this.end(`the store did not open: ${opened.detail}`);
          return;
        }
        for (const warning of opened.warnings) this.#warned(warning);
        this.#run(process, opened.store);
      },
      { ...disk, failed: (detail) => schedule(0, () => this.end(`the store failed: ${detail}`)) },
    );
  }

  /** The process is killed, `power`: with the machine. */
  crash(power: boolean): void {
    const process = this.#process;
    if (process === undefined) {
      // Only the machine's power is left to fail.
      if (power) this.storage.crash(true);
      return;
    }
    this.#process = undefined;
    process.clock.crash();
    process.clients?.processEnded(power);
    this.storage.crash(power);
    this.#options.network.detach(this.name, power);
    this.#options.report.event(this.name, power ? 'power-loss' : 'crash');
    this.#options.events.ended(this, power ? 'power loss' : 'crash');
  }

  /** The process ends by itself. */
  end(why: string): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.clock.crash();
    process.clients?.processEnded(false);
    this.storage.crash(false);
    this.#options.network.detach(this.name, false);
    this.#options.report.event(this.name, 'process-ends', why);
    this.#options.events.ended(this, why);
  }

  pause(): void {
    this.#process?.clock.pause();
    this.#options.network.quiet(this.name);
    this.#options.report.event(this.name, 'pause');
  }

  resume(): void {
    this.#process?.clock.resume();
    this.#options.report.event(this.name, 'resume');
  }

  stall(ms: number): void {
    this.#process?.clock.stall(ms);
    if (ms > 900) this.#options.network.quiet(this.name);
    this.#options.report.event(this.name, 'stall', ms);
  }

  /** The machine's wall clock jumps, whether a process runs or not. */
  stepWall(ms: number): void {
    this.#clock?.stepWall(ms);
    this.#options.report.event(this.name, 'clock-step', ms);
  }

  drift(ppm: number): void {
    this.#drift = ppm;
    this.#process?.clock.setDrift(ppm);
    this.#options.report.event(this.name, 'drift', ppm);
  }

  #nextClock(): SimClock {
    const { loop } = this.#options;
    const offsetMs = Math.round(this.#random.fork('clock').next() * 200);
    const clock =
      this.#clock?.reboot() ??
      new SimClock(loop, this.name, { wallOffsetMs: offsetMs, driftPpm: this.#drift });
    this.#clock = clock;
    return clock;
  }

  #run(process: Process, store: LogStore): void {
    const { network, events, names, limits, freezeMessages, report } = this.#options;
    const { clock } = process;
    const random = this.#random.fork(`life ${this.#life}`);
    const end: LinkEnd = {
      name: this.name,
      clock,
      deliver: (envelope: Envelope) => {
        if (process.system !== undefined) deliver(process.system, envelope);
      },
      linkNews: (peer, up) => {
        report.event(this.name, up ? 'link-up' : 'link-down', peer);
        const link = refTo<PeerLinkMessage>(this.name, peerLinkActorId);
        process.system?.send(link, { kind: 'link-news', node: peer, up }, 'control');
      },
    };
    const trace: Trace = {
      note: (actor, level, event, fields) => events.note(this, actor, level, event, fields),
    };
    const system = new ObservedSystem(
      {
        node: this.name,
        ports: { clock, random, network: network.attach(end), trace },
        freezeMessages,
        limits: {
          mailboxDataMessages: limits.mailboxDataMessages,
          // Far below what production takes: an actor that is flooded fails here, and the checker of failures sees it.
          mailboxControlMessages: 16_384,
        },
        onEscalate: (error, address) => this.#escalated(process, address, error),
      },
      this.#life,
      (id, before) => this.#actorCrashes(id, before),
      (text) => report.violation('answers', `${this.name}: ${text}`),
    );
    process.system = system;
    process.store = new ObservedStore(store, events.store(this));
    startNodeActors({
      system,
      store: process.store,
      name: this.name,
      nodes: names,
      url: `http://${this.name}:8080`,
      limits,
      crc32,
      manualBrokers: false,
      unusedDays: 1,
      onClusterId: () => undefined,
    });
    process.door = new Door(system, limits, (topic) => events.gone(topic));
    process.clients = new ClientPort({
      node: this.name,
      system,
      clock,
      limits,
      sessions: process.shared,
      report,
    });
    report.event(this.name, 'process-serves', this.#life, store.startCount);
    events.started(this);
  }

  #actorCrashes(id: string, before: boolean): void {
    const { report } = this.#options;
    report.fault('actor-crash');
    report.event(this.name, 'actor-crash', id, before ? 'before' : 'after');
  }

  /** In its own round of the event loop, as a process that ends does not do so within the handler that asked for it. */
  #escalated(process: Process, address: Address, error: unknown): void {
    this.#options.report.sometimes('a process ended by escalation');
    process.clock.defer(() => {
      if (this.#process === process) this.end(`${address.id} escalated: ${String(error)}`);
    });
  }

  #warned(warning: string): void {
    const { report } = this.#options;
    report.event(this.name, 'store-warning', warning);
    if (warning.includes('set aside')) report.sometimes('the engine was set aside');
    if (warning.includes('repaired')) report.sometimes('a journal file was repaired');
    if (warning.includes('unknown')) report.sometimes('an owed tail was unknown');
  }
}
