/**
 * Takes in connections of peers: runs each one's hello under a deadline and pairs the two sockets of a link. Who has not proved
 * itself is a stranger, and costs one small entry in a bounded table. When that is full, the oldest stranger of the address with
 * the most of them has to go, and an address that has many of them has less time for each: so a flood cannot keep out a peer, whose
 * hello takes milliseconds. Who has proved itself stands in no queue with strangers.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import {
  packFrame,
  peerFrames,
  WireError,
  type ClosingCode,
  type Limits,
  type LinkLane,
  type PeerFrame,
} from '@callboard/client/protocol';
import type { Clock, ClockTimer, Random } from '../kernel/ports.ts';
import { checkHelloVersion, HelloAcceptor, type NodeIdentity, type PeerFacts } from './hello.ts';
import { laneFrameBytes } from './peer-link.ts';
import { WireSocket } from './wire-socket.ts';

export interface AcceptorOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  identity(): NodeIdentity;
  /** Throws a WireError to refuse a peer that has proved itself. */
  admit(facts: PeerFacts): void;
  linked(facts: PeerFacts, sockets: Record<LinkLane, WireSocket>): void;
  frame(facts: PeerFacts, frame: readonly unknown[]): void;
  lost(socket: WireSocket, detail: string): void;
  refused(peer: string, code: ClosingCode, detail: string): void;
  /** A peer has proved itself from this address. */
  provedFrom(address: string): void;
}

/** Connections that have not finished their hello. */
const mostStrangers = 512;
/** Of one address; beyond it the oldest ones are cut when their short time is over. */
const manyStrangers = 32;
const shortMs = 500;
/** Connections that have proved themselves and wait for their other half; a peer that has both has none. */
const mostProved = 128;

interface Pending {
  readonly wire: WireSocket;
  readonly address: string;
  readonly sinceMs: number;
  readonly hello: HelloAcceptor;
  readonly deadline: ClockTimer;
  facts: PeerFacts | undefined;
}

export class PeerAcceptor {
  readonly #options: AcceptorOptions;
  /** In the order in which they came, both. */
  readonly #strangers = new Set<Pending>();
  readonly #proved = new Set<Pending>();
  /** Strangers of each address. */
  readonly #byAddress = new Map<string, Set<Pending>>();

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#strangers.size + this.#proved.size;
  }

  /** A WebSocket that came in on the peers' path. `address`: whom it counts for. */
  accept(socket: WebSocket, raw: Duplex, address: string): void {
    const { clock, identity, limits, random } = this.#options;
    this.#makeRoom(address);
    const wire: WireSocket = new WireSocket(socket, {
      limits,
      clock,
      handlers: {
        frame: (frame) => this.#frame(pending, frame),
        closed: (code, detail) => {
          if (this.#forget(pending) && code !== undefined) {
            this.#options.refused(pending.facts?.peer ?? '', code, detail);
          }
          this.#options.lost(wire, detail);
        },
      },
    });
    const deadline = clock.setTimer(limits.handshakeMs, () => wire.end('timeout', 'no hello in time'));
    const pending: Pending = {
      wire,
      address,
      sinceMs: clock.now(),
      hello: new HelloAcceptor(identity(), random.bytes(32)),
      deadline,
      facts: undefined,
    };
    this.#strangers.add(pending);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set()).add(pending));
    wire.watch(raw);
  }

  close(detail: string): void {
    for (const { wire } of [...this.#strangers, ...this.#proved]) wire.end('unavailable', detail);
  }

  #makeRoom(address: string): void {
    const own = this.#byAddress.get(address) ?? new Set();
    if (own.size >= manyStrangers) {
      const latestMs = this.#options.clock.now() - shortMs;
      for (const { sinceMs, wire } of own) {
        if (sinceMs > latestMs) break;
        wire.end('timeout', 'no hello in the short time that an address with many connections has');
      }
    }
    if (this.#strangers.size < mostStrangers) return;
    const [most = own] = [...this.#byAddress.values()].toSorted((a, b) => b.size - a.size);
    const [oldest] = most;
    oldest?.wire.end('overloaded', 'too many connections wait for their hello');
  }

  #forget(pending: Pending): boolean {
    pending.deadline.cancel();
    return this.#leaveStrangers(pending) || this.#proved.delete(pending);
  }

  #leaveStrangers(pending: Pending): boolean {
    const own = this.#byAddress.get(pending.address);
    own?.delete(pending);
    if (own?.size === 0) this.#byAddress.delete(pending.address);
    return this.#strangers.delete(pending);
  }

  #prove(pending: Pending, facts: PeerFacts): void {
    pending.facts = facts;
    this.#leaveStrangers(pending);
    if (this.#proved.size >= mostProved) {
      const [oldest] = this.#proved;
      oldest?.wire.end('overloaded', 'too many connections wait for their other half');
    }
    this.#proved.add(pending);
    this.#options.provedFrom(pending.address);
  }

  #frame(pending: Pending, raw: readonly unknown[]): void {
    const { facts, hello, wire } = pending;
    if (facts !== undefined) {
      this.#options.frame(facts, raw);
      return;
    }
    try {
      checkHelloVersion(raw);
      const step = hello.receive(peerFrames.decode(raw));
      if ('send' in step) {
        this.#send(wire, step.send);
        return;
      }
      this.#options.admit(step.proved);
      this.#prove(pending, step.proved);
      wire.trust(laneFrameBytes(this.#options.limits, step.proved.lane));
      this.#send(wire, step.welcome);
      this.#pair(pending, step.proved);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#send(wire, { kind: 'peer-refusal', correlation: 0, code: error.code, message: error.message });
      throw error;
    }
  }

  #send(wire: WireSocket, frame: PeerFrame): void {
    wire.send(packFrame(peerFrames.encode(frame)));
  }

  #pair(arrived: Pending, facts: PeerFacts): void {
    for (const other of this.#proved) {
      const known = other.facts;
      if (other === arrived || known === undefined || known.peer !== facts.peer) continue;
      if (
        known.incarnation !== facts.incarnation ||
        known.session !== facts.session ||
        known.lane === facts.lane
      ) {
        // The peer has given up that attempt, or it belongs to an earlier life of the peer.
        other.wire.end('fenced', 'a newer connection has taken its place');
        continue;
      }
      this.#forget(arrived);
      this.#forget(other);
      const [control, bulk] =
        facts.lane === 'control' ? [arrived.wire, other.wire] : [other.wire, arrived.wire];
      this.#options.linked(facts, { control, bulk });
      return;
    }
  }
}
