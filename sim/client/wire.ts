/**
 * One WebSocket connection between a client's machine and a node's process, as both its ends see it: the client library through its
 * platform, the node through what `ws` would give it. Frames are bytes, made and read by the real codecs at both ends.
 */
import { WebSocket } from 'ws';
import type { SimNode } from '../node.ts';
import type { Report } from '../observe/report.ts';
import type { SimClock } from '../ports/sim-clock.ts';
import type { SimLoop } from '../ports/sim-loop.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Turns } from '../ports/turns.ts';
import type { ClientSocket, SocketHandlers } from './inside.ts';
import { NodeSocket } from './node-socket.ts';
import { Pipe, type Way } from './way.ts';

/** Sees the frames of a connection at its client's end. */
export interface WireTap {
  sent(bytes: Uint8Array): void;
  received(bytes: Uint8Array): void;
  /** The client hears nothing more of this connection. */
  ended(): void;
}

export interface WireOptions {
  readonly loop: SimLoop;
  readonly report: Report;
  readonly random: SimRandom;
  readonly turns: Turns;
  readonly way: Way;
  readonly node: SimNode;
  /** The client's process. */
  readonly clock: SimClock;
  readonly handlers: SocketHandlers;
  readonly tap: WireTap;
}

/** What a client says that finds the other side's frames malformed. */
const protocolBroken = 4400;
const cutShort = 1006;

export class Wire implements ClientSocket {
  readonly #options: WireOptions;
  readonly #up: Pipe;
  readonly #down: Pipe;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #server: NodeSocket | undefined;
  #serverClock: SimClock | undefined;

  constructor(options: WireOptions) {
    const { loop, random, way, clock } = options;
    this.#options = options;
    this.#up = new Pipe({
      loop,
      random,
      way,
      heading: 'up',
      at: (time, arrive) => this.#toNode(time, arrive),
    });
    this.#down = new Pipe({
      loop,
      random,
      way,
      heading: 'down',
      at: (time, arrive) => clock.inputAt(time, arrive),
    });
    way.take(this);
    this.#up.push(() => this.#knock());
  }

  get over(): boolean {
    return this.#state === 'closed' && (this.#server?.readyState ?? WebSocket.CLOSED) === WebSocket.CLOSED;
  }

  send(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#options.tap.sent(bytes);
    const copy = Buffer.from(bytes);
    this.#up.push(() => this.#server?.received(copy));
  }

  close(code: number, reason: string): void {
    const { way, random, report, node } = this.#options;
    if (this.#state === 'closed') return;
    const opened = this.#state === 'open';
    this.#end();
    if (code === protocolBroken) report.violation('wire', `${node.name} broke the protocol: ${reason}`);
    if (opened && way.stops('up') && random.chance(0.5)) {
      // The socket was torn down before its system got anything through.
      this.#up.drop();
      this.#up.push(() => this.#server?.lost());
    } else if (opened) this.#up.push(() => this.#server?.closedByPeer(code, reason));
    else this.#up.push(() => this.#server?.lost());
  }

  /** The client's process is gone; its machine says so if it is still there. */
  clientGone(power: boolean): void {
    if (this.#state === 'closed') return;
    this.#end();
    if (!power) this.#up.push(() => this.#server?.lost());
    else if (this.#server !== undefined) this.#up.drop();
  }

  mended(): void {
    this.#up.mended();
    this.#down.mended();
  }

  broken(): void {
    const { loop, random, clock } = this.#options;
    clock.inputAt(loop.nowMicros + random.below(20_000), () => this.#closed(cutShort, 'connection reset'));
    this.#serverClock?.inputAt(loop.nowMicros + random.below(20_000), () => this.#server?.lost());
  }

  /** To the node's process, once there is one; else to its machine. */
  #toNode(time: number, arrive: () => void): void {
    const { loop, node } = this.#options;
    const clock = this.#serverClock;
    if (clock === undefined) loop.at(time, arrive);
    else if (clock.alive) clock.inputAt(time, arrive);
    // The process that knew this connection is gone. Its machine says so, if it is there.
    else loop.at(time, () => (node.alive ? this.#refuse('connection reset') : undefined));
  }

  /** The first packet has come to the node's machine. */
  #knock(): void {
    const { node, loop, random } = this.#options;
    const { clients, clock } = node;
    if (this.#state === 'closed') return;
    if (clients === undefined || clock === undefined) {
      // A machine without the process refuses; one that is off says nothing.
      if (node.alive || random.chance(0.7)) this.#refuse('connection refused');
      return;
    }
    this.#serverClock = clock;
    clock.inputAt(loop.nowMicros, () => {
      this.#server = new NodeSocket({
        clock,
        toClient: (arrive) => this.#down.push(arrive),
        toNode: (arrive) => this.#up.push(arrive),
        message: (bytes) => this.#message(bytes),
        closed: (code, reason) => this.#closed(code, reason),
      });
      clients.accept(this.#server, (power) => this.#serverGone(power));
      this.#down.push(() => this.#opened());
    });
  }

  #refuse(why: string): void {
    this.#down.push(() => this.#closed(cutShort, why));
  }

  /** Its machine closes the sockets of a process that has ended; one without power does not. */
  #serverGone(power: boolean): void {
    this.#server?.processEnded();
    if (!power) this.#refuse('connection reset');
  }

  #opened(): void {
    const { turns, handlers } = this.#options;
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    turns.run(() => handlers.opened());
  }

  #message(bytes: Uint8Array): void {
    const { turns, handlers, tap } = this.#options;
    if (this.#state !== 'open') return;
    tap.received(bytes);
    turns.run(() => handlers.message(bytes));
  }

  #closed(code: number, reason: string): void {
    const { turns, handlers } = this.#options;
    if (this.#state === 'closed') return;
    this.#end();
    turns.run(() => handlers.closed(code, reason));
  }

  #end(): void {
    this.#state = 'closed';
    this.#options.tap.ended();
  }
}
