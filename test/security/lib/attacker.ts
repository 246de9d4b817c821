/** A stranger on 127.0.0.2: raw connections that send what no library would. */
import { connect, type Socket } from 'node:net';
import type { ClientOptions } from 'ws';
import { RawClient } from '../../lib/raw-client.ts';
import { eventually } from '../../lib/eventually.ts';
import { Stranger } from './stranger.ts';
import type { Target } from './target.ts';

export const strangersAddress = '127.0.0.2';

/** One connection and what came over it. */
export class Line {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => (this.text += bytes.toString('latin1')));
    // However it ends: the test looks at what came.
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  /** The statuses of the answers that came so far, in their order. */
  get statuses(): readonly number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  send(bytes: string | Uint8Array): this {
    if (!this.socket.destroyed) this.socket.write(bytes);
    return this;
  }

  /** Reads nothing from now on. */
  mute(): this {
    this.socket.pause();
    return this;
  }
}

export class Attacker {
  readonly #target: Target;
  readonly #lines = new Set<Line>();
  readonly #clients: RawClient[] = [];
  readonly #strangers = new Set<Stranger>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** `from`: another address of 127.0.0.0/8, for a crowd. */
  async line(bytes: string | Uint8Array = '', from: string = strangersAddress): Promise<Line> {
    const socket = connect({ port: this.#target.port, host: '127.0.0.1', localAddress: from });
    const line = new Line(socket);
    this.#lines.add(line);
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    if (bytes.length > 0) line.send(bytes);
    return line;
  }

  async lines(count: number, bytes: string | Uint8Array = '', from?: string): Promise<readonly Line[]> {
    return await Promise.all(Array.from({ length: count }, () => this.line(bytes, from)));
  }

  /** A WebSocket client from the stranger's address, its hello done. `socket.pause()` makes it one that never reads. */
  async client(from: string = strangersAddress): Promise<RawClient> {
    const options: ClientOptions & { readonly localAddress: string } = { localAddress: from };
    const client = await RawClient.connect(this.#target.wire(), { socket: options });
    this.#clients.push(client);
    return client;
  }

  /** A connection after its hello, for prepared frames. */
  async stranger(): Promise<Stranger> {
    const stranger = await Stranger.connect(this.#target.port, strangersAddress);
    this.#strangers.add(stranger);
    return stranger;
  }

  async strangers(count: number): Promise<readonly Stranger[]> {
    return await Promise.all(Array.from({ length: count }, () => this.stranger()));
  }

  /** The one answer to `bytes` on a connection of its own, and whether the connection was closed after it. */
  async ask(bytes: string | Uint8Array, from?: string): Promise<Line> {
    const line = await this.line(bytes, from);
    await eventually('an answer came, or the end', () => line.closed || line.text.includes('\r\n\r\n'));
    return line;
  }

  /** One of very many that are over. */
  forget(one: Line | Stranger): void {
    if (one instanceof Line) this.#lines.delete(one);
    else this.#strangers.delete(one);
    one.socket.destroy();
  }

  end(): void {
    for (const { socket } of this.#lines) socket.destroy();
    for (const client of this.#clients) client.socket.terminate();
    for (const stranger of this.#strangers) stranger.destroy();
  }
}
