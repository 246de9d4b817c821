/**
 * Opens a link to one peer and keeps trying: both sockets at once, each with its own hello; the attempt counts when
 * both are welcome, and fails as a whole. Between attempts it waits, doubling with jitter.
 */
import { WebSocket } from 'ws';
import {
  packFrame,
  peerFrames,
  refusalCode,
  WireError,
  type ErrorCode,
  type Limits,
  type LinkLane,
} from '@callboard/client/protocol';
import type { Clock, ClockTimer, Random } from '../kernel/ports.ts';
import { BackOff } from './back-off.ts';
import { HelloDialer, type NodeIdentity, type PeerFacts } from './hello.ts';
import { laneFrameBytes } from './peer-link.ts';
import { resolveHost } from './resolve-host.ts';
import { socketOptions, WireSocket } from './wire-socket.ts';

export interface DialerOptions {
  readonly peer: string;
  readonly url: string;
  /** How long to leave it to the peer to dial, in ms; 0 for the side that dials first. */
  readonly patienceMs: number;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  identity(): NodeIdentity;
  /** A number that rises with each attempt of this node. */
  nextSession(): number;
  /** Both sockets are welcome; from here on they are the caller's, as are their frames. */
  linked(facts: PeerFacts, sockets: Record<LinkLane, WireSocket>): void;
  frame(frame: readonly unknown[]): void;
  lost(socket: WireSocket, detail: string): void;
  failed(code: ErrorCode | undefined, detail: string): void;
}

const backOff = { firstMs: 100, maxMs: 5_000 };

/** These do not go away by trying again soon. */
const hopeless: ReadonlySet<ErrorCode> = new Set(['auth_failed', 'version_mismatch', 'cluster_mismatch']);

interface Attempt {
  readonly sockets: Partial<Record<LinkLane, WireSocket>>;
  readonly done: Partial<Record<LinkLane, PeerFacts>>;
  deadline: ClockTimer | undefined;
}

export class PeerDialer {
  readonly #options: DialerOptions;
  readonly #backOff: BackOff;
  #attempt: Attempt | undefined;
  #timer: ClockTimer | undefined;
  #linked = false;
  #stopped = false;

  constructor(options: DialerOptions) {
    this.#options = options;
    this.#backOff = new BackOff(backOff, options.random);
  }

  start(): void {
    this.#wait(this.#options.patienceMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#drop('this node closes its links');
  }

  /** There is a link, whoever opened it: no further attempts. */
  rest(): void {
    this.#linked = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#backOff.reset();
    this.#drop('there is a link already');
  }

  /** The link is gone: try again, soon at first. */
  wake(): void {
    this.#linked = false;
    this.#wait(this.#options.patienceMs + this.#backOff.next());
  }

  /** The peer is known to be there: do not wait out a pause. */
  hurry(): void {
    if (this.#attempt !== undefined || this.#linked || this.#stopped) return;
    this.#timer?.cancel();
    this.#dial();
  }

  #wait(delayMs: number): void {
    if (this.#stopped || this.#linked) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#dial());
  }

  #dial(): void {
    const { clock, limits, nextSession } = this.#options;
    this.#timer = undefined;
    const attempt: Attempt = { sockets: {}, done: {}, deadline: undefined };
    this.#attempt = attempt;
    const session = nextSession();
    for (const lane of ['control', 'bulk'] as const) {
      attempt.sockets[lane] = this.#open(attempt, lane, session);
    }
    attempt.deadline = clock.setTimer(limits.handshakeMs, () =>
      this.#fail(attempt, undefined, 'no hello in time'),
    );
  }

  #open(attempt: Attempt, lane: LinkLane, session: number): WireSocket {
    const { clock, identity, limits, peer, random, url } = this.#options;
    const hello = new HelloDialer(identity(), peer, lane, session, random.bytes(32));
    const socket = new WebSocket(url, {
      ...socketOptions,
      maxPayload: limits.frameBytes,
      handshakeTimeout: limits.handshakeMs,
      lookup: resolveHost,
      // A zero mask: no proxy is to be confused here, and masking costs up to three times the sending.
      generateMask: () => undefined,
    });
    const wire: WireSocket = new WireSocket(socket, {
      limits,
      clock,
      dialed: true,
      handlers: {
        frame: (frame) => {
          if (attempt.done[lane] === undefined) this.#step(attempt, lane, wire, hello, frame);
          else this.#options.frame(frame);
        },
        closed: (_code, detail) => {
          if (this.#attempt === attempt) this.#fail(attempt, undefined, detail);
          else this.#options.lost(wire, detail);
        },
      },
    });
    socket.on('upgrade', (response) => wire.watch(response.socket));
    socket.on('open', () => wire.send(packFrame(peerFrames.encode(hello.hello))));
    return wire;
  }

  #step(
    attempt: Attempt,
    lane: LinkLane,
    wire: WireSocket,
    hello: HelloDialer,
    raw: readonly unknown[],
  ): void {
    const frame = peerFrames.decode(raw);
    if (frame.kind === 'peer-refusal') {
      this.#fail(attempt, refusalCode(frame), frame.message);
      return;
    }
    try {
      const step = hello.receive(frame);
      if ('send' in step) wire.send(packFrame(peerFrames.encode(step.send)));
      else this.#welcome(attempt, lane, wire, step.done);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(attempt, error.code, error.message);
    }
  }

  #welcome(attempt: Attempt, lane: LinkLane, wire: WireSocket, facts: PeerFacts): void {
    wire.trust(laneFrameBytes(this.#options.limits, lane));
    attempt.done[lane] = facts;
    const { control, bulk } = attempt.done;
    const { sockets } = attempt;
    if (
      control === undefined ||
      bulk === undefined ||
      sockets.control === undefined ||
      sockets.bulk === undefined
    ) {
      return;
    }
    if (control.incarnation !== bulk.incarnation) {
      this.#fail(attempt, undefined, 'the peer was restarted in between');
      return;
    }
    this.#attempt = undefined;
    attempt.deadline?.cancel();
    this.#options.linked(control, { control: sockets.control, bulk: sockets.bulk });
  }

  #fail(attempt: Attempt, code: ErrorCode | undefined, detail: string): void {
    if (this.#attempt !== attempt) return;
    this.#drop(detail);
    if (code !== undefined && hopeless.has(code)) this.#backOff.exhaust();
    this.#options.failed(code, detail);
    this.#wait(this.#backOff.next());
  }

  #drop(detail: string): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    attempt.deadline?.cancel();
    for (const socket of Object.values(attempt.sockets)) socket.end('unavailable', detail);
  }
}
