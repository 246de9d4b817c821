/**
 * One client's connection. It runs the hello under its deadline, checks every frame before anybody sees it, and bounds
 * what waits to be sent; a session (an actor, elsewhere) does the rest. A client that breaks the protocol, or does
 * not read what it asked for, loses this connection with a coded reason, and nothing else happens.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import {
  announcedVersion,
  anyClientFrames,
  clientHelloType,
  failure,
  isErrorCode,
  anyNodeFrames,
  packFrame,
  protocolVersion,
  toErrorReply,
  WireError,
  type AnyClientFrame,
  type ClientHello,
  type ClosingCode,
  type Limits,
  type AnyNodeFrame,
} from '@callboard/client/protocol';
import type { SendResult } from '../kernel/actor.ts';
import type { Clock, ClockTimer } from '../kernel/ports.ts';
import type { FrameGate, FrameRates } from './frame-rates.ts';
import type { UnsentBytes, UnsentShare } from './unsent-bytes.ts';
import { WireSocket } from './wire-socket.ts';

/** What a session may be sent: everything but the hello, which is over by then. */
export type ClientCall = Exclude<AnyClientFrame, ClientHello>;

/** The session's side, given when the hello is over. */
export interface ClientHandlers {
  /** A frame whose every field was checked. */
  frame(frame: ClientCall): void;
  /** The connection is gone, for whatever reason. Called once; nothing follows. */
  closed(detail: string): void;
}

export interface ClientConnectionOptions {
  readonly node: string;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Of all clients of the node. */
  readonly rates: FrameRates;
  readonly unsent: UnsentBytes;
  /** Bytes that may wait to be sent; a client that is further behind is cut off. */
  readonly sendBytes: number;
  /** Whether this token lets a client in; see `tokenCheck`. */
  authenticate(token: string | undefined): boolean;
  /** The hello is over: who takes the frames of this connection? */
  opened(connection: ClientConnection): ClientHandlers;
  /** The connection is gone, before or after its hello. `code`: this side closed it. */
  ended(connection: ClientConnection, code: ClosingCode | undefined, detail: string): void;
}

export class ClientConnection {
  /** Unique among the connections of this process. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly #options: ClientConnectionOptions;
  readonly #wire: WireSocket;
  readonly #deadline: ClockTimer;
  #handlers: ClientHandlers | undefined;
  #client = '';
  #drain: { readonly bytes: number; readonly callback: () => void } | undefined;
  readonly #gate: FrameGate;
  readonly #unsent: UnsentShare;
  #unsentFrames = 0;
  /** Something has left since the last sweep. */
  #reads = true;
  /** Why nothing is read from the socket now: too many frames, or too much that was not taken. */
  #halted = false;
  #unread = false;
  /** Read before that took effect: at most one read of the socket. */
  #inbox: Uint8Array[] = [];

  constructor(
    id: number,
    remoteAddress: string,
    socket: WebSocket,
    /** The stream below the WebSocket; undefined where there is none, as in simulation. */
    raw: Duplex | undefined,
    options: ClientConnectionOptions,
  ) {
    const { clock, limits } = options;
    this.id = id;
    this.remoteAddress = remoteAddress;
    this.#options = options;
    this.#unsent = options.unsent.join(remoteAddress);
    this.#gate = options.rates.join(remoteAddress, {
      halt: () => {
        this.#halted = true;
        this.#wire.pause();
      },
      proceed: () => {
        this.#halted = false;
        this.#work();
      },
    });
    this.#wire = new WireSocket(socket, {
      limits,
      clock,
      handlers: {
        holds: (bytes) => this.#holds(bytes),
        frame: (frame) => this.#frame(frame),
        closed: (code, detail) => this.#closed(code, detail),
      },
    });
    this.#deadline = clock.setTimer(limits.handshakeMs, () => this.close('timeout', 'no hello in time'));
    if (raw !== undefined) this.#wire.watch(raw);
  }

  /** What the client calls itself; empty before the hello. */
  get client(): string {
    return this.#client;
  }

  get open(): boolean {
    return this.#wire.open;
  }

  /** Bytes sent and not yet taken by the client: a session that serves much should look here first. */
  get bufferedBytes(): number {
    return this.#wire.bufferedBytes + this.#unsentFrames * this.#options.limits.unsentFrameBytes;
  }

  /** What may wait to be taken by the client, with regard to others of its address. */
  get unsentShare(): number {
    return this.#unsent.share;
  }

  /** So many bytes more, or less, were asked for and are to be sent. */
  expect(bytes: number): void {
    this.#unsent.expect(bytes);
  }

  /** What a frame caused has cost as much as so many more. */
  spend(frames: number): void {
    this.#gate.spend(frames);
  }

  /**
   * Sends one frame. `full`: the client does not read, and the connection is closed. `gone`: it was closed before.
   * Throws a WireError for a frame that breaks its own shape, which is a mistake of the caller.
   */
  send(frame: AnyNodeFrame): SendResult {
    if (!this.#wire.open) return 'gone';
    const bytes = packFrame(anyNodeFrames.encode(frame));
    if (this.#wire.bufferedBytes + bytes.byteLength > this.#options.sendBytes) {
      this.close('overloaded', 'the client does not read what it is sent');
      return 'full';
    }
    this.#unsentFrames += 1;
    this.#wire.sendSoon(bytes, this.#left);
    const waits = this.bufferedBytes;
    this.#unsent.set(waits);
    if (!this.#unread && waits > this.#unsent.unreadBytes) {
      this.#unread = true;
      this.#reads = true;
      this.#wire.pause();
    }
    return 'accepted';
  }

  /** Calls back once, when fewer than `bytes` are buffered and the address has room; a second wish takes the place of the first. */
  whenBelow(bytes: number, callback: () => void): void {
    this.#drain = { bytes, callback };
    if (this.#unsent.share === 0) this.#unsent.whenRoom(this.#drained);
    else if (this.bufferedBytes < bytes) this.#drain = undefined;
  }

  readonly #left = (): void => {
    this.#unsentFrames -= 1;
    this.#reads = true;
    const waits = this.bufferedBytes;
    this.#unsent.set(waits);
    if (this.#unread && waits <= this.#unsent.unreadBytes / 2) {
      this.#unread = false;
      this.#work();
    }
    this.#drained();
  };

  readonly #drained = (): void => {
    const drain = this.#drain;
    if (drain === undefined || (this.bufferedBytes > 0 && this.bufferedBytes >= drain.bytes)) return;
    if (this.#unsent.share === 0) {
      this.#unsent.whenRoom(this.#drained);
      return;
    }
    this.#drain = undefined;
    drain.callback();
  };

  /** Ends the connection: an error frame with correlation 0, if there is room, then the close code. */
  close(code: ClosingCode, detail: string): void {
    if (this.#wire.open && isErrorCode(code) && this.#wire.bufferedBytes < this.#options.sendBytes) {
      this.#wire.send(packFrame(anyNodeFrames.encode(toErrorReply(0, failure(code, { message: detail })))));
    }
    this.#wire.end(code, detail);
  }

  /** Called from time to time: asks a silent client for a sign of life; cuts one that gave none since the last call. */
  sweep(): void {
    if (this.#unread) {
      // What it says cannot be heard; what it takes can be seen.
      if (!this.#reads) this.#wire.cut('the client takes nothing of what it is sent');
      this.#reads = false;
      return;
    }
    if (this.#halted) return;
    if (!this.#wire.heard) {
      this.#wire.cut('no sign of life');
      return;
    }
    this.#wire.heard = false;
    this.#wire.probe();
  }

  #holds(bytes: Uint8Array): boolean {
    const waits = this.#halted || this.#unread || this.#inbox.length > 0;
    if (!waits && this.#gate.take()) return false;
    this.#inbox.push(bytes);
    return true;
  }

  /** Handles what was read, as far as it may be; reads on once that is all. */
  #work(): void {
    let done = 0;
    for (; done < this.#inbox.length && this.#mayWork; done += 1) {
      if (!this.#gate.take()) break;
      this.#wire.handle(this.#inbox[done] ?? new Uint8Array(0));
    }
    this.#inbox = done === this.#inbox.length ? [] : this.#inbox.slice(done);
    if (this.#inbox.length === 0 && this.#mayWork) this.#wire.resume();
  }

  get #mayWork(): boolean {
    return this.open && !this.#halted && !this.#unread;
  }

  #frame(raw: readonly unknown[]): void {
    try {
      if (this.#handlers === undefined) {
        this.#hello(raw);
        return;
      }
      const frame = anyClientFrames.decode(raw);
      if (frame.kind === 'hello') throw new WireError('frame_invalid', 'a second hello');
      this.#handlers.frame(frame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close(error.code, error.message);
    }
  }

  #hello(raw: readonly unknown[]): void {
    const { authenticate, limits, node, opened } = this.#options;
    const version = announcedVersion(raw, clientHelloType);
    if (version !== undefined && version !== protocolVersion) {
      throw new WireError(
        'version_mismatch',
        `version ${version} was announced, this node speaks ${protocolVersion}`,
      );
    }
    const hello = anyClientFrames.decode(raw);
    if (hello.kind !== 'hello') throw new WireError('frame_invalid', `${hello.kind} before the hello`);
    if (!authenticate(hello.token)) throw new WireError('auth_failed', 'the token is missing or wrong');
    this.#deadline.cancel();
    this.#client = hello.client;
    this.#wire.trust(limits.frameBytes);
    this.send({
      kind: 'hello-reply',
      correlation: hello.correlation,
      version: protocolVersion,
      node,
      frameBytes: limits.frameBytes,
      recordBytes: limits.recordBytes,
      inflightBatches: limits.clientInflightBatches,
    });
    this.#handlers = opened(this);
  }

  #closed(code: ClosingCode | undefined, detail: string): void {
    this.#deadline.cancel();
    this.#gate.leave();
    this.#unsent.leave();
    this.#inbox = [];
    this.#handlers?.closed(detail);
    this.#options.ended(this, code, detail);
  }
}
