/**
 * A client's connection to a simulated node: the node's own session actor at one end, frames with a latency and in their order each way,
 * and a client that may stop reading. Ends with the process, or when either side closes it.
 */
import type { ClientFrame, NodeFrame } from '@callboard/client/protocol';
import { openClientSession } from '../../src/node/client-sessions.ts';
import type { ClientHandlers } from '../../src/transport/client-connection.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { World } from '../world.ts';

type Call = Exclude<ClientFrame, { kind: 'hello' }>;

export interface ConnectionHandlers {
  frame(frame: NodeFrame): void;
  closed(): void;
}

function bytesOf(frame: NodeFrame): number {
  return frame.kind === 'delivery' ? frame.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 64) : 64;
}

export class SimConnection {
  readonly node: SimNode;
  readonly #world: World;
  readonly #random: SimRandom;
  readonly #handlers: ConnectionHandlers;
  readonly #life: number;
  readonly #mostBytes: number;
  #session: ClientHandlers | undefined;
  /** Sent by the node, and not read. */
  #unread: NodeFrame[] = [];
  #bufferedBytes = 0;
  #drain: { readonly bytes: number; readonly callback: () => void } | undefined;
  #reads = true;
  #open = true;
  #inAt = 0;
  #outAt = 0;

  /** Undefined: the node does not listen. */
  static open(
    world: World,
    node: SimNode,
    options: { readonly id: number; readonly random: SimRandom; readonly handlers: ConnectionHandlers },
  ): SimConnection | undefined {
    return node.running ? new SimConnection(world, node, options) : undefined;
  }

  private constructor(
    world: World,
    node: SimNode,
    options: { readonly id: number; readonly random: SimRandom; readonly handlers: ConnectionHandlers },
  ) {
    const { limits } = world.settings;
    this.node = node;
    this.#world = world;
    this.#random = options.random;
    this.#handlers = options.handlers;
    this.#life = node.life;
    // What a session may have on its way to a client that does not read: its share, the pulls that overstep it, and answers.
    this.#mostBytes = limits.clientUnsentBytes + limits.pushPullBytes + 3 * limits.recordBytes;
    this.#input(() => this.#begin(options.id));
  }

  get open(): boolean {
    return this.#open && this.node.life === this.#life && this.node.running;
  }

  send(frame: Call): void {
    this.#input(() => this.#session?.frame(frame));
  }

  /** Whether the client takes what comes. */
  read(reads: boolean): void {
    this.#reads = reads;
    if (reads) this.#output();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#input(() => this.#session?.closed('the client closed it'));
  }

  /** The process is gone. */
  lost(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#world.after(this.#latencyMs(), () => this.#handlers.closed());
  }

  #begin(id: number): void {
    const { system, sessions } = this.node;
    if (system === undefined || sessions === undefined || this.node.life !== this.#life) return;
    const connection = {
      id,
      send: (frame: NodeFrame) => this.#sent(frame),
      remoteAddress: '10.0.0.2',
      bufferedBytes: 0,
      unsentShare: Infinity,
      expect: () => undefined,
      spend: () => undefined,
      whenBelow: (bytes: number, callback: () => void) => {
        this.#drain = this.#bufferedBytes < bytes ? undefined : { bytes, callback };
      },
      close: () => this.lost(),
    };
    Object.defineProperty(connection, 'bufferedBytes', { get: () => this.#bufferedBytes });
    this.#session = openClientSession(system, connection, this.#world.settings.limits, sessions);
  }

  #sent(frame: NodeFrame): 'accepted' | 'gone' {
    if (!this.#open) return 'gone';
    this.#unread.push(frame);
    this.#bufferedBytes += bytesOf(frame);
    if (this.#bufferedBytes > this.#mostBytes) {
      this.#world.report.violation(
        'bounds',
        `${this.node.name} keeps ${this.#bufferedBytes} bytes for a client that does not read`,
      );
    }
    this.#output();
    return 'accepted';
  }

  /** To the node, in order. */
  #input(handle: () => void): void {
    const { node } = this;
    this.#inAt = Math.max(this.#inAt + 1, this.#world.nowMicros + Math.ceil(this.#latencyMs() * 1_000));
    node.clock?.inputAt(this.#inAt, () => {
      if (node.life === this.#life) handle();
    });
  }

  /** To the client, in order, as it reads. */
  #output(): void {
    if (!this.#reads) return;
    const frames = this.#unread;
    this.#unread = [];
    for (const frame of frames) {
      const now = this.#world.nowMicros;
      this.#outAt = Math.max(this.#outAt + 1, now + Math.ceil(this.#latencyMs() * 1_000));
      this.#world.after((this.#outAt - now) / 1_000, () => this.#arrived(frame));
    }
  }

  #arrived(frame: NodeFrame): void {
    this.#bufferedBytes -= bytesOf(frame);
    const drain = this.#drain;
    if (drain !== undefined && this.#bufferedBytes < drain.bytes) {
      this.#drain = undefined;
      this.#input(drain.callback);
    }
    if (this.#open) this.#handlers.frame(frame);
  }

  #latencyMs(): number {
    return 0.2 + this.#random.next();
  }
}
