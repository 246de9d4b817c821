/**
 * Takes in connections of peers: runs each one's hello under a deadline and pairs the two sockets of a link. A stranger
 * costs one small entry in a bounded table; when it is full, the oldest stranger has to go, so that a flood of them
 * cannot keep out a peer, whose hello takes milliseconds.
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
}

/** Connections that have not finished their hello, or wait for their other half. */
const pendingConnections = 64;

interface Pending {
  readonly wire: WireSocket;
  readonly hello: HelloAcceptor;
  readonly deadline: ClockTimer;
  facts: PeerFacts | undefined;
}

export class PeerAcceptor {
  readonly #options: AcceptorOptions;
  readonly #pending = new Set<Pending>();

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** A WebSocket that came in on the peers' path. */
  accept(socket: WebSocket, raw: Duplex): void {
    const { clock, identity, limits, random } = this.#options;
    if (this.#pending.size >= pendingConnections) {
      const all = [...this.#pending];
      const stranger = all.find((pending) => pending.facts === undefined) ?? all[0];
      stranger?.wire.end('overloaded', 'too many connections wait for their hello');
    }
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
      hello: new HelloAcceptor(identity(), random.bytes(32)),
      deadline,
      facts: undefined,
    };
    this.#pending.add(pending);
    wire.watch(raw);
  }

  close(detail: string): void {
    for (const { wire } of this.#pending) wire.end('unavailable', detail);
  }

  #forget(pending: Pending): boolean {
    pending.deadline.cancel();
    return this.#pending.delete(pending);
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
      pending.facts = step.proved;
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
    for (const other of this.#pending) {
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
