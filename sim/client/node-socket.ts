/** A node's end of a simulated connection: as much of `ws`'s WebSocket as a node uses of it. */
import { WebSocket } from 'ws';
import type { SimClock } from '../ports/sim-clock.ts';

type Listener = (...args: readonly unknown[]) => void;

export interface NodeSocketOptions {
  /** Of the node's process. */
  readonly clock: SimClock;
  /** Sends something that acts when it arrives. */
  readonly toClient: (arrive: () => void) => void;
  readonly toNode: (arrive: () => void) => void;
  /** What acts at the client. */
  readonly message: (bytes: Uint8Array) => void;
  readonly closed: (code: number, reason: string) => void;
}

const nothing = Buffer.alloc(0);

export class NodeSocket {
  binaryType = 'nodebuffer';
  readyState: number = WebSocket.OPEN;
  /** Sent, and not known to have been read. */
  bufferedAmount = 0;
  readonly #options: NodeSocketOptions;
  #paused = false;
  #arrived: Buffer[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(options: NodeSocketOptions) {
    this.#options = options;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  send(bytes: Uint8Array, left: () => void = () => undefined): void {
    const { toClient, toNode, message } = this.#options;
    if (this.readyState !== WebSocket.OPEN) return;
    const copy = new Uint8Array(bytes);
    this.bufferedAmount += copy.byteLength;
    toClient(() => {
      message(copy);
      toNode(() => {
        this.bufferedAmount -= copy.byteLength;
        left();
      });
    });
  }

  /** Answered by the client's WebSocket itself. */
  ping(): void {
    const { toClient, toNode } = this.#options;
    toClient(() => toNode(() => this.#emit('pong')));
  }

  close(code: number, reason: string): void {
    const { toClient, toNode, closed } = this.#options;
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSING;
    toClient(() => {
      closed(code, reason);
      toNode(() => this.closedByPeer(code, reason));
    });
  }

  terminate(): void {
    const { clock, toClient, closed } = this.#options;
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    clock.defer(() => this.#emit('close', 1006, nothing));
    toClient(() => closed(1006, 'connection reset'));
  }

  /** What has arrived meanwhile waits in the system. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#arrived.length > 0) this.received(this.#arrived.shift() ?? Buffer.alloc(0));
  }

  received(bytes: Buffer): void {
    if (this.readyState === WebSocket.CLOSED) return;
    if (this.#paused) this.#arrived.push(bytes);
    else this.#emit('message', bytes, true);
  }

  closedByPeer(code: number, reason: string): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#emit('close', code, Buffer.from(reason));
  }

  /** The connection is gone without a word. */
  lost(): void {
    this.closedByPeer(1006, '');
  }

  /** Nobody listens any more. */
  processEnded(): void {
    this.readyState = WebSocket.CLOSED;
    this.#listeners.clear();
  }

  #emit(event: string, ...args: readonly unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...args);
  }
}
