/**
 * The Network port over WebSocket: one link of two sockets to each peer, kept up by whoever dials.
 *
 * - Who dials: of two nodes that know each other's address the one with the lower name; it refuses to be dialed by the
 *   other and dials at once instead. A node that the other does not know yet (a new one) dials in any case.
 * - A link is up when both sockets have finished the hello, and down as soon as either ends or stays silent. Both are
 *   told at once, down before up when a link is replaced: a new incarnation of a peer takes the place of its older one.
 * - Messages of one drain leave at `flush`, one frame per socket. Each lane of a link has a byte bound; at the bound a
 *   message is refused with 'full', and never waits.
 * - What a peer sends is checked as strictly as what a client sends. A frame that is not valid ends the link; a message
 *   in a valid frame that its actor's codec does not take is dropped and noted.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import {
  bundledEnvelope,
  measureFrame,
  peerFrames,
  WireError,
  type BundledEnvelope,
  type Limits,
  type LinkLane,
} from '@callboard/client/protocol';
import type { SendResult } from '../kernel/actor.ts';
import type { Address } from '../kernel/address.ts';
import type { Clock, ClockTimer, Envelope, Network, Random, Trace } from '../kernel/ports.ts';
import { checkCluster, type NodeIdentity, type PeerFacts } from './hello.ts';
import { PeerAcceptor } from './peer-acceptor.ts';
import { PeerDialer } from './peer-dialer.ts';
import { PeerLink } from './peer-link.ts';
import type { WireSocket } from './wire-socket.ts';

/** How the messages of each actor travel; given by the composition root. Throws WireError for what must not travel. */
export interface MessageCodec {
  encode(toActorId: string, message: unknown): readonly unknown[];
  decode(toActorId: string, wire: readonly unknown[]): unknown;
}

/** Which socket an envelope takes; `bytes` is its packed size. What does not fit control goes to bulk in any case. */
export type Route = (envelope: Envelope, bytes: number) => LinkLane;

export interface PeerLinksOptions {
  readonly name: string;
  /** Name to address: `host:port`, or a WebSocket URL. May hold this node itself, which is skipped. */
  readonly peers: ReadonlyMap<string, string>;
  /** Shared by all nodes of the cluster; not empty. */
  readonly secret: string;
  /** How many times this node was started. */
  readonly incarnation: number;
  readonly clusterId?: string;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly codec: MessageCodec;
  readonly route?: Route;
  /** A message has come in. Must not throw. */
  deliver(envelope: Envelope): void;
  /** News of links; outside any actor's turn. */
  onLink(node: string, state: 'up' | 'down', incarnation: number): void;
  /** A peer has proved itself from this address. */
  provedFrom?(address: string): void;
  /** How long the side with the higher name leaves the dialing to the other, in ms. Default 1,000. */
  readonly patienceMs?: number;
}

/** Requests and answers stay on one socket, which keeps their order; of the rest, what is large goes to bulk. */
export function defaultRoute(envelope: Envelope, bytes: number): LinkLane {
  return envelope.lane === 'data' || bytes > 4_096 ? 'bulk' : 'control';
}

export class PeerLinks implements Network {
  readonly #options: PeerLinksOptions;
  readonly #route: Route;
  readonly #self: Address;
  readonly #dialers = new Map<string, PeerDialer>();
  readonly #links = new Map<string, PeerLink>();
  readonly #dirty = new Set<PeerLink>();
  readonly #acceptor: PeerAcceptor;
  #clusterId: string | undefined;
  #sessions = 0;
  #beat: ClockTimer | undefined;
  #closed = false;

  constructor(options: PeerLinksOptions) {
    if (options.secret === '') throw new RangeError('peers need a secret');
    const { clock, limits, random } = options;
    this.#options = options;
    this.#route = options.route ?? defaultRoute;
    this.#self = { node: options.name, shard: 0, id: 'peer-links' };
    this.#clusterId = options.clusterId;
    this.#acceptor = new PeerAcceptor({
      limits,
      clock,
      random,
      identity: () => this.#identity(),
      admit: (facts) => this.#admit(facts),
      linked: (facts, sockets) => this.#linked(facts, false, sockets),
      frame: (facts, frame) => this.#frame(facts.peer, frame),
      lost: (socket, detail) => this.#lost(socket, detail),
      provedFrom: (address) => options.provedFrom?.(address),
      refused: (peer, code, detail) => this.#note('warn', 'peer.refused', { peer, code, detail }),
    });
  }

  /** Begins to dial. */
  start(): void {
    for (const [name, address] of this.#options.peers) this.addPeer(name, address);
    this.#armBeat();
  }

  /** A peer that became known later, or whose address changed. */
  addPeer(name: string, address: string): void {
    const { limits, clock, random, patienceMs } = this.#options;
    if (name === this.#options.name || this.#closed) return;
    this.#dialers.get(name)?.stop();
    const dialer = new PeerDialer({
      peer: name,
      url: address.includes('://') ? address : `ws://${address}/peer`,
      patienceMs: this.#options.name < name ? 0 : (patienceMs ?? 1_000),
      limits,
      clock,
      random,
      identity: () => this.#identity(),
      nextSession: () => (this.#sessions += 1),
      linked: (facts, sockets) => this.#linked(facts, true, sockets),
      frame: (frame) => this.#frame(name, frame),
      lost: (socket, detail) => this.#lost(socket, detail),
      failed: (code, detail) => this.#note('debug', 'peer.dial-failed', { peer: name, code, detail }),
    });
    this.#dialers.set(name, dialer);
    if (this.#links.has(name)) dialer.rest();
    else dialer.start();
  }

  /** A WebSocket that came in on the peers' path. */
  accept(socket: WebSocket, raw: Duplex, address: string): void {
    if (this.#closed) socket.terminate();
    else this.#acceptor.accept(socket, raw, address);
  }

  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** Known from the founding on; links to nodes of other clusters end with the next ping. */
  set clusterId(id: string | undefined) {
    this.#clusterId = id;
  }

  isUp(node: string): boolean {
    return this.#links.has(node);
  }

  send(envelope: Envelope): SendResult {
    const link = this.#links.get(envelope.to.node);
    if (link === undefined) return 'gone';
    const { from, to, lane } = envelope;
    const payload = this.#options.codec.encode(to.id, envelope.message);
    const wire = bundledEnvelope.encode({
      fromShard: from.shard,
      fromId: from.id,
      toShard: to.shard,
      toId: to.id,
      lane,
      payload,
    });
    const size = { bytes: 0, items: 0, large: 0 };
    measureFrame(wire, size);
    const wanted = this.#route(envelope, size.bytes);
    const by = wanted === 'control' && link.fits('control', size) ? 'control' : 'bulk';
    if (!link.fits(by, size)) {
      this.#note('error', 'peer.message-too-large', { peer: to.node, to: to.id, bytes: size.bytes });
      return 'full';
    }
    if (by === 'bulk' && !this.#hasRoom(link)) return 'full';
    this.#dirty.add(link);
    return link.send(by, wire as readonly unknown[], size);
  }

  /** All links together have a bound; each may use its fair share of it, whatever the others hold. */
  #hasRoom(link: PeerLink): boolean {
    const { peerLinksBytes } = this.#options.limits;
    if (link.bulkBytes <= peerLinksBytes / this.#links.size) return true;
    let together = 0;
    for (const each of this.#links.values()) together += each.bulkBytes;
    return together <= peerLinksBytes;
  }

  flush(): void {
    for (const link of this.#dirty) link.flush();
    this.#dirty.clear();
  }

  /** Closes all links and stops dialing; sends answer 'gone' from here on. */
  close(): void {
    this.#closed = true;
    this.#beat?.cancel();
    for (const dialer of this.#dialers.values()) dialer.stop();
    this.#acceptor.close('this node stops');
    for (const link of this.#links.values()) this.#drop(link, 'this node stops', false);
  }

  inspect(): Record<string, unknown> {
    const links = [...this.#links].map(([node, link]) => [node, link.inspect()] as const);
    return { clusterId: this.#clusterId, pending: this.#acceptor.pending, links: Object.fromEntries(links) };
  }

  #identity(): NodeIdentity {
    const { name, incarnation, secret } = this.#options;
    return { name, incarnation, secret, clusterId: this.#clusterId };
  }

  #note(
    level: 'debug' | 'info' | 'warn' | 'error',
    event: string,
    fields: Record<string, string | number | undefined>,
  ): void {
    this.#options.trace.note(this.#self, level, event, fields);
  }

  #armBeat(): void {
    const { clock, limits } = this.#options;
    this.#beat = clock.setTimer(limits.tickMs * limits.heartbeatTicks, () => {
      this.#armBeat();
      for (const link of this.#links.values()) {
        if (!link.beat(this.#clusterId)) this.#drop(link, 'silent for too long', true);
      }
    });
  }

  /** Decides about a peer that has proved itself and dials us. */
  #admit(facts: PeerFacts): void {
    const link = this.#links.get(facts.peer);
    if (link !== undefined && facts.incarnation < link.facts.incarnation) {
      throw new WireError('fenced', 'a newer incarnation of this node is connected');
    }
    const replaces = link !== undefined && !link.dialed && facts.session > link.facts.session;
    if (link !== undefined && facts.incarnation === link.facts.incarnation && !replaces) {
      throw new WireError('fenced', 'this node is connected already');
    }
    const dialer = this.#dialers.get(facts.peer);
    if (dialer !== undefined && this.#options.name < facts.peer) {
      // The old link, if any, is to an earlier life of the peer.
      if (link !== undefined) this.#drop(link, 'the peer was restarted', true);
      dialer.hurry();
      throw new WireError('fenced', 'this node dials by itself');
    }
  }

  #linked(facts: PeerFacts, dialed: boolean, sockets: Record<LinkLane, WireSocket>): void {
    const older = this.#links.get(facts.peer);
    if (older !== undefined) this.#drop(older, 'a newer connection has taken its place', true);
    this.#links.set(facts.peer, new PeerLink(facts, dialed, sockets, this.#options.limits));
    this.#dialers.get(facts.peer)?.rest();
    this.#options.trace.note(this.#self, 'info', 'peer.up', {
      peer: facts.peer,
      incarnation: facts.incarnation,
    });
    this.#options.onLink(facts.peer, 'up', facts.incarnation);
  }

  #lost(socket: WireSocket, detail: string): void {
    for (const link of this.#links.values()) {
      if (!link.has(socket)) continue;
      this.#drop(link, detail, false);
      return;
    }
  }

  #drop(link: PeerLink, detail: string, cut: boolean): void {
    const { peer, incarnation } = link.facts;
    if (this.#links.get(peer) !== link) return;
    this.#links.delete(peer);
    this.#dirty.delete(link);
    link.close(detail, cut);
    this.#options.trace.note(this.#self, 'warn', 'peer.down', { peer, incarnation, detail });
    this.#options.onLink(peer, 'down', incarnation);
    this.#dialers.get(peer)?.wake();
  }

  #frame(peer: string, raw: readonly unknown[]): void {
    const frame = peerFrames.decode(raw);
    if (frame.kind === 'peer-ping') {
      checkCluster(this.#clusterId, frame.clusterId);
    } else if (frame.kind === 'peer-bundle') {
      for (const envelope of frame.envelopes) this.#deliver(peer, envelope);
    } else {
      throw new WireError('frame_invalid', `did not expect ${frame.kind} after the hello`);
    }
  }

  #deliver(peer: string, bundled: BundledEnvelope): void {
    const { deliver, codec, name } = this.#options;
    let message: unknown;
    try {
      message = codec.decode(bundled.toId, bundled.payload);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#note('warn', 'peer.message-dropped', { peer, to: bundled.toId, detail: error.message });
      return;
    }
    const from = { node: peer, shard: bundled.fromShard, id: bundled.fromId };
    deliver({
      from,
      to: { node: name, shard: bundled.toShard, id: bundled.toId },
      lane: bundled.lane,
      message,
    });
  }
}
