/**
 * The network of a simulated cluster: a link of two ordered sockets between each two nodes, that comes up when both can reach
 * each other, breaks, and comes up again. Frames of a link that broke are lost; both ends hear of the break, each in its
 * own time, and what the other had sent before may still arrive until then.
 *
 * In raw weather, messages of consensus are besides lost, repeated, overtaken and delivered minutes later, one by one:
 * consensus must survive that, whereas the other protocols may rely on the order of a connection.
 */
import type { Limits, LinkLane } from '@callboard/client/protocol';
import { routeEnvelope } from '../../src/node/route.ts';
import type { Envelope, Network, SendResult } from '../../src/kernel/index.ts';
import type { Report } from '../observe/report.ts';
import type { SimLoop } from '../ports/sim-loop.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { NetworkSettings } from '../settings.ts';
import { Direction } from './direction.ts';
import { Link } from './link.ts';
import type { LinkEnd } from './link.ts';
import type { Parcel, Parcels } from './parcels.ts';

export interface NetworkOptions {
  readonly loop: SimLoop;
  readonly random: SimRandom;
  readonly settings: NetworkSettings;
  readonly limits: Limits;
  readonly names: readonly string[];
  readonly parcels: Parcels;
  readonly report: Report;
  /** Sees every message as it leaves an actor. */
  readonly onSend: (envelope: Envelope) => void;
}

export class SimNetwork {
  readonly options: NetworkOptions;
  readonly #links = new Map<string, Link>();
  readonly #ends = new Map<string, LinkEnd>();
  /** Whether raw weather is on. */
  raw: boolean;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.raw = options.settings.raw;
    const { names, settings, random } = options;
    for (const [at, one] of names.entries()) {
      for (const other of names.slice(at + 1)) {
        const fork = random.fork(`${one}-${other}`);
        const there = new Direction(one, other, settings, fork.fork('there'));
        const back = new Direction(other, one, settings, fork.fork('back'));
        this.#links.set(`${one} ${other}`, new Link(this, there, back, fork));
      }
    }
  }

  end(name: string): LinkEnd | undefined {
    return this.#ends.get(name);
  }

  link(one: string, other: string): Link {
    const link = this.#links.get(`${one} ${other}`) ?? this.#links.get(`${other} ${one}`);
    if (link === undefined) throw new Error(`no link between ${one} and ${other}`);
    return link;
  }

  linksOf(name: string): readonly Link[] {
    return [...this.#links.values()].filter((link) => link.joins(name));
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** A process has started on this node. */
  attach(end: LinkEnd): NodeNetwork {
    this.#ends.set(end.name, end);
    for (const link of this.linksOf(end.name)) link.seek();
    return new NodeNetwork(this, end);
  }

  /** The process is gone. `silent`: with its machine, so nobody is told. */
  detach(name: string, silent: boolean): void {
    this.#ends.delete(name);
    for (const link of this.linksOf(name)) link.lost(name, silent);
  }

  /** The process does not run for now: who waits for a sign of life gives up after a while. */
  quiet(name: string): void {
    for (const link of this.linksOf(name)) link.quiet(name);
  }

  heal(): void {
    this.raw = false;
    for (const link of this.#links.values()) link.heal();
  }
}

/** What one process has collected for one peer in a drain. */
interface Outbox {
  readonly link: Link;
  readonly direction: Direction;
  dirty: boolean;
  control: Parcel[];
  bulk: Parcel[];
}

/** The Network port of one process. */
export class NodeNetwork implements Network {
  readonly #network: SimNetwork;
  readonly #name: string;
  readonly #outboxes = new Map<string, Outbox>();
  #dirty: Outbox[] = [];

  constructor(network: SimNetwork, end: LinkEnd) {
    this.#network = network;
    this.#name = end.name;
    for (const link of network.linksOf(end.name)) {
      const direction = link.from(end.name);
      this.#outboxes.set(direction.to, { link, direction, dirty: false, control: [], bulk: [] });
    }
  }

  send(envelope: Envelope): SendResult {
    const outbox = this.#outboxes.get(envelope.to.node);
    if (outbox?.link.isUp(this.#name) !== true) return 'gone';
    const { options } = this.#network;
    const parcel = options.parcels.wrap(envelope);
    if (outbox.direction.bytes + parcel.bytes > options.limits.peerLinkBytes) return 'full';
    options.onSend(envelope);
    const lane = routeEnvelope(envelope);
    if (this.#network.raw && isConsensus(envelope)) {
      outbox.link.sendRaw(lane, parcel, this.#name);
      return 'accepted';
    }
    outbox.direction.bytes += parcel.bytes;
    outbox[lane].push(parcel);
    if (!outbox.dirty) {
      outbox.dirty = true;
      this.#dirty.push(outbox);
    }
    return 'accepted';
  }

  flush(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const outbox of dirty) {
      outbox.dirty = false;
      this.#flushLane(outbox, 'control');
      this.#flushLane(outbox, 'bulk');
    }
  }

  #flushLane(outbox: Outbox, lane: LinkLane): void {
    const parcels = outbox[lane];
    if (parcels.length === 0) return;
    outbox[lane] = [];
    const { limits } = this.#network.options;
    const most = lane === 'control' ? limits.controlFrameBytes : limits.frameBytes;
    let frame: Parcel[] = [];
    let bytes = 0;
    for (const parcel of parcels) {
      if (frame.length > 0 && bytes + parcel.bytes + 16 > most) {
        outbox.link.sendFrame(lane, frame, bytes, this.#name);
        frame = [];
        bytes = 0;
      }
      frame.push(parcel);
      bytes += parcel.bytes;
    }
    outbox.link.sendFrame(lane, frame, bytes, this.#name);
  }
}

const consensusKinds: ReadonlySet<string> = new Set(['group-raft', 'group-incarnation', 'beat', 'beat-ack']);

function isConsensus(envelope: Envelope): boolean {
  const { kind } = envelope.message as { readonly kind: string };
  return consensusKinds.has(kind);
}
