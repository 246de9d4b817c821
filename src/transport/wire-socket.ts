/**
 * One WebSocket connection as the protocol sees it: whole binary frames in, each checked and unpacked; whole frames
 * out; and an end with a code. Nothing that arrives can make it throw into its owner or touch another connection.
 *
 * Until `trust` is called the other side is a stranger: all it may send is a few KiB in total, counted on the raw
 * socket, so that not even the head of a large frame makes us keep more.
 */
import type { Duplex } from 'node:stream';
import { WebSocket, type RawData } from 'ws';
import {
  closeCodes,
  frameBounds,
  strangerBounds,
  unpackFrame,
  WireError,
  type ClosingCode,
  type FrameBounds,
  type Limits,
} from '@callboard/client/protocol';
import type { Clock, ClockTimer } from '../kernel/ports.ts';

/** Options for both ends of every WebSocket here. Fragments are legal but we send none, so few are enough. */
export const socketOptions = {
  perMessageDeflate: false,
  maxFragments: 64,
  maxBufferedChunks: 4_096,
} as const;

/** How long the other side has for its part of a close before the connection is cut. */
const closeGraceMs = 500;

export interface WireSocketHandlers {
  /** Whether these bytes are kept for a later call of `handle`. Absent: never. */
  holds?(bytes: Uint8Array): boolean;
  /** One allowed frame, fields not yet decoded. A WireError that it throws ends the connection. */
  frame(frame: readonly unknown[], bytes: number): void;
  /** Called once. `code` is what this side closed with, if it did. */
  closed(code: ClosingCode | undefined, detail: string): void;
}

export interface WireSocketOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly handlers: WireSocketHandlers;
  /** This side opened the connection, so its frames carry a mask: one of zeros where it sends in pieces. */
  readonly dialed?: boolean;
}

/** The head of a WebSocket frame that is a whole binary message (RFC 6455, section 5.2). */
function frameHead(bytes: number, masked: boolean): Uint8Array {
  const lengthBytes = bytes > 0xffff ? 8 : bytes > 125 ? 2 : 0;
  // The mask is all zeros, which masks nothing.
  const head = Buffer.alloc(2 + lengthBytes + (masked ? 4 : 0));
  head[0] = 0x82;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 8 ? 127 : lengthBytes === 2 ? 126 : bytes);
  if (lengthBytes === 2) head.writeUInt16BE(bytes, 2);
  else if (lengthBytes === 8) head.writeUInt32BE(bytes, 6);
  return head;
}

export class WireSocket {
  readonly #socket: WebSocket;
  readonly #options: WireSocketOptions;
  #raw: Duplex | undefined;
  #bounds: FrameBounds;
  #strangerBytes = 0;
  #ended = false;
  #corked = false;
  #grace: ClockTimer | undefined;
  /** Something arrived since the owner last cleared this. */
  heard = true;

  constructor(socket: WebSocket, options: WireSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#bounds = strangerBounds(options.limits);
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, binary) => this.#message(data, binary));
    socket.on('pong', () => {
      this.heard = true;
    });
    socket.on('close', (code, reason) => {
      this.#grace?.cancel();
      this.#lost(`closed with ${code} ${reason.toString('latin1')}`);
    });
    // ws has sent the right close code by itself, but would wait long for the answer.
    socket.on('error', (error) => {
      this.#lost(error.message);
      if (socket.readyState !== WebSocket.CLOSED) this.#cutLater();
    });
  }

  /** The stream below the WebSocket, as soon as it is known. */
  watch(raw: Duplex): void {
    this.#raw = raw;
    raw.on('data', this.#countStranger);
  }

  /** The other side has proved itself: the ordinary limits apply from here on. */
  trust(frameBytes: number): void {
    this.#raw?.off('data', this.#countStranger);
    this.#bounds = { ...frameBounds(this.#options.limits), bytes: frameBytes };
  }

  get open(): boolean {
    return !this.#ended && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Bytes that were sent and have not yet left this process. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Hands one frame to the connection; does nothing once it has ended. */
  send(bytes: Uint8Array): void {
    if (this.open) this.#socket.send(bytes);
  }

  /**
   * As `send`, of one frame whose bytes are in several places, which ws cannot be handed. It is written to the stream below
   * ws, between frames of ws: without compression each of these is written whole within its call.
   */
  sendPieces(pieces: readonly Uint8Array[]): void {
    const [only, ...more] = pieces;
    const raw = this.#raw;
    if (raw === undefined || only === undefined || more.length === 0) {
      if (only !== undefined) this.send(more.length === 0 ? only : Buffer.concat(pieces));
      return;
    }
    if (!this.open) return;
    let bytes = 0;
    for (const piece of pieces) bytes += piece.byteLength;
    raw.cork();
    raw.write(frameHead(bytes, this.#options.dialed === true));
    for (const piece of pieces) raw.write(piece);
    raw.uncork();
  }

  /** As `send`, but what is sent within one turn of the event loop leaves in one system call. `left`: the bytes have left this process. */
  sendSoon(bytes: Uint8Array, left: () => void): void {
    if (!this.open) return;
    const raw = this.#raw;
    if (!this.#corked && raw !== undefined) {
      this.#corked = true;
      raw.cork();
      queueMicrotask(() => {
        this.#corked = false;
        raw.uncork();
      });
    }
    this.#socket.send(bytes, left);
  }

  /** Asks the other side's WebSocket for a sign of life. */
  probe(): void {
    if (this.open) this.#socket.ping();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** One message, now or kept from before. */
  handle(bytes: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#options.handlers.frame(unpackFrame(bytes, this.#bounds), bytes.byteLength);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(error.code, error.message);
    }
  }

  /** Ends the connection and says why; cuts it if the other side does not go along. */
  end(code: ClosingCode, detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
    else {
      this.#socket.close(closeCodes[code], `${code}: ${detail}`.slice(0, 120).replace(/[^\x20-\x7e]/g, '?'));
    }
    this.#cutLater();
    this.#options.handlers.closed(code, detail);
  }

  /** Cuts the connection without a word: the other side does not answer. */
  cut(detail: string): void {
    this.#socket.terminate();
    this.#lost(detail);
  }

  readonly #countStranger = (chunk: Uint8Array): void => {
    this.#strangerBytes += chunk.byteLength;
    // Twice the frame limit leaves room for the two frames of a peer's hello and their WebSocket heads.
    if (this.#strangerBytes > 2 * this.#bounds.bytes) {
      this.end('frame_too_large', 'too many bytes before the hello');
    }
  };

  #cutLater(): void {
    this.#grace ??= this.#options.clock.setTimer(closeGraceMs, () => this.#socket.terminate());
  }

  #lost(detail: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.handlers.closed(undefined, detail);
  }

  #message(data: RawData, binary: boolean): void {
    if (this.#ended) return;
    this.heard = true;
    if (!binary) this.end('frame_invalid', 'a text frame');
    else if (this.#options.handlers.holds?.(data as Buffer) !== true) this.handle(data as Buffer);
  }
}
