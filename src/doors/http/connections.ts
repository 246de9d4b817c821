/**
 * Which connections of the server may stay. Beyond the bound the one that matters least gives way: first the oldest from
 * which no request ever came (a flood of idle connections displaces itself), then the longest idle one, and only where all are
 * at work the new one. Connections that became WebSockets count, and have their own owners: none of them is closed here.
 *
 * And how many requests of one connection may wait for their answers; those beyond are refused, so that one connection that sends
 * ahead does not take the places of all. (The refusals wait behind the others, and Node stops reading where much waits.)
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionsOptions {
  readonly most: number;
  readonly mostRequests: number;
  /** One had to go. `new`: the one that had just come. */
  dropped(which: 'silent' | 'idle' | 'new'): void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Set<Socket>();
  /** No request came from them yet, oldest first. */
  readonly #silent = new Set<Socket>();
  /** All their requests are answered, the longest idle first. */
  readonly #idle = new Set<Socket>();
  readonly #open = new Map<Socket, number>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#connected(socket));
    server.on('upgrade', ({ socket }: IncomingMessage) => {
      this.#silent.delete(socket);
      this.#idle.delete(socket);
    });
  }

  /** To be called for each request before anything is done with it. False: too many of this connection wait already. */
  arrived({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = (this.#open.get(socket) ?? 0) + 1;
    this.#open.set(socket, open);
    this.#silent.delete(socket);
    this.#idle.delete(socket);
    response.once('close', () => this.#answered(socket));
    return open <= this.#options.mostRequests;
  }

  #answered(socket: Socket): void {
    const open = this.#open.get(socket);
    if (open === undefined) return;
    if (open > 1) {
      this.#open.set(socket, open - 1);
      return;
    }
    this.#open.delete(socket);
    this.#idle.add(socket);
  }

  #connected(socket: Socket): void {
    this.#all.add(socket);
    this.#silent.add(socket);
    socket.once('close', () => {
      this.#all.delete(socket);
      this.#silent.delete(socket);
      this.#idle.delete(socket);
      this.#open.delete(socket);
    });
    if (this.#all.size <= this.#options.most) return;
    const [oldest = socket] = this.#silent;
    const [idle] = this.#idle;
    const victim = oldest === socket ? (idle ?? socket) : oldest;
    this.#options.dropped(victim === socket ? 'new' : victim === idle ? 'idle' : 'silent');
    victim.destroy();
    // Its `close` comes later, and the next connection must not find the room still taken.
    this.#all.delete(victim);
    this.#silent.delete(victim);
    this.#idle.delete(victim);
  }
}
