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
    this.#wire = new WireSocket(socket, {
      limits,
      clock,
      handlers: {
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
    return this.#wire.bufferedBytes;
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
    this.#wire.sendSoon(bytes, this.#left);
    return 'accepted';
  }

  /** Calls back once, when something has left and fewer than `bytes` are buffered; a second wish takes the place of the first. */
  whenBelow(bytes: number, callback: () => void): void {
    this.#drain = this.bufferedBytes < bytes ? undefined : { bytes, callback };
  }

  readonly #left = (): void => {
    const drain = this.#drain;
    if (drain === undefined || this.bufferedBytes >= drain.bytes) return;
    this.#drain = undefined;
    drain.callback();
  };

  /** Stops reading, so that the client's own sending comes to a halt. */
  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  /** Ends the connection: an error frame with correlation 0, if there is room, then the close code. */
  close(code: ClosingCode, detail: string): void {
    if (this.#wire.open && isErrorCode(code) && this.#wire.bufferedBytes < this.#options.sendBytes) {
      this.#wire.send(packFrame(anyNodeFrames.encode(toErrorReply(0, failure(code, { message: detail })))));
    }
    this.#wire.end(code, detail);
  }

  /** Called from time to time: asks a silent client for a sign of life; cuts one that gave none since the last call. */
  sweep(): void {
    if (!this.#wire.heard) {
      this.#wire.cut('no sign of life');
      return;
    }
    this.#wire.heard = false;
    this.#wire.probe();
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
    this.#handlers?.closed(detail);
    this.#options.ended(this, code, detail);
  }
}
