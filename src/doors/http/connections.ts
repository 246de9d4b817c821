/**
 * Which connections of the server may stay. Beyond the bound one has to give way, of the address that has the most: first the oldest
 * from which no request ever came (a flood of idle connections displaces itself), then the longest idle one; where that address has
 * neither, another's; then the oldest request that has not come whole, if its address has more connections than the new one's. Only
 * where all of that fails the new connection goes. Connections that became WebSockets count, and have their own owners: none of them
 * is closed here. The first few connections of each known address (peers, this machine) do not count, and never give way to strangers.
 *
 * And how many requests of one connection may wait for their answers; those beyond are refused, so that one connection that sends
 * ahead does not take the places of all. (The refusals wait behind the others, and Node stops reading where much waits.)
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionsOptions {
  readonly most: number;
  readonly mostRequests: number;
  /** Whose connection it is: places are shared by these. */
  ownerOf(socket: Socket): string;
  isKnown(owner: string): boolean;
  /** One had to go. `new`: the one that had just come. */
  dropped(which: 'silent' | 'idle' | 'slow' | 'new'): void;
}

/** The connections of one address. Each set in the order in which they came to be so. */
interface Holder {
  count: number;
  /** No request came from them yet. */
  readonly silent: Set<Socket>;
  /** All their requests are answered. */
  readonly idle: Set<Socket>;
  /** They have requests that are not answered. */
  readonly busy: Set<Socket>;
}

/** Connections of one known address that do not count, and of all of them. */
const freePerKnown = 16;
const mostFree = 64;

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #holders = new Map<string, Holder>();
  /** Also those that became WebSockets. */
  readonly #owners = new Map<Socket, string>();
  /** Requests that wait for their answers, in the order in which they came. */
  readonly #open = new Map<Socket, Set<IncomingMessage>>();
  /** What follows on a connection when every whole request on it is answered. */
  readonly #last = new Map<Socket, () => void>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#connected(socket));
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#move(socket, undefined));
  }

  /** To be called for each request before anything is done with it. False: too many of this connection wait already. */
  arrived(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const open = this.#open.get(socket) ?? new Set();
    this.#open.set(socket, open.add(request));
    if (open.size === 1) this.#move(socket, 'busy');
    response.once('close', () => this.#answered(request));
    return open.size <= this.#options.mostRequests;
  }

  /** Calls `then` once, as soon as every whole request of this connection is answered; never, if it breaks before. */
  whenAnswered(socket: Socket, then: () => void): void {
    this.#last.set(socket, then);
    this.#settle(socket);
  }

  #answered(request: IncomingMessage): void {
    const { socket } = request;
    const open = this.#open.get(socket);
    if (open?.delete(request) !== true) return;
    this.#settle(socket);
    if (open.size > 0) return;
    this.#open.delete(socket);
    this.#move(socket, 'idle');
  }

  #settle(socket: Socket): void {
    const last = this.#last.get(socket);
    const waits = [...(this.#open.get(socket) ?? [])].some(({ complete }) => complete);
    if (last === undefined || waits) return;
    this.#last.delete(socket);
    last();
  }

  /** Into one of its holder's sets, or, as a WebSocket, into none. Nothing happens to a connection that is gone. */
  #move(socket: Socket, to: 'silent' | 'idle' | 'busy' | undefined): void {
    const holder = this.#holders.get(this.#owners.get(socket) ?? '');
    if (holder === undefined) return;
    for (const set of [holder.silent, holder.idle, holder.busy]) set.delete(socket);
    if (to !== undefined) holder[to].add(socket);
  }

  #connected(socket: Socket): void {
    // A request that asked for another protocol in vain comes back as a connection anew.
    if (!this.#owners.has(socket)) {
      const owner = this.#options.ownerOf(socket);
      const holder = this.#holders.get(owner) ?? {
        count: 0,
        silent: new Set(),
        idle: new Set(),
        busy: new Set(),
      };
      this.#holders.set(owner, holder);
      holder.count += 1;
      this.#owners.set(socket, owner);
      socket.once('close', () => this.#gone(socket));
    }
    this.#move(socket, 'silent');
    const { most } = this.#options;
    if (this.#owners.size <= most || this.#owners.size - this.#free() <= most) return;
    const [which, victim] = this.#victim(socket);
    this.#options.dropped(which);
    victim.destroy();
    // Its `close` comes later, and the next connection must not find the room still taken.
    this.#gone(victim);
  }

  #gone(socket: Socket): void {
    const owner = this.#owners.get(socket);
    const holder = this.#holders.get(owner ?? '');
    this.#open.delete(socket);
    this.#last.delete(socket);
    if (owner === undefined || holder === undefined) return;
    this.#move(socket, undefined);
    this.#owners.delete(socket);
    holder.count -= 1;
    if (holder.count === 0) this.#holders.delete(owner);
  }

  #free(): number {
    let free = 0;
    for (const [owner, { count }] of this.#holders) {
      if (this.#options.isKnown(owner)) free += Math.min(count, freePerKnown);
    }
    return Math.min(free, mostFree);
  }

  #isKept(owner: string, count: number): boolean {
    return count <= freePerKnown && this.#options.isKnown(owner);
  }

  #victim(late: Socket): readonly ['silent' | 'idle' | 'slow' | 'new', Socket] {
    const own = this.#holders.get(this.#owners.get(late) ?? '');
    const strangers = [...this.#holders].filter(([owner, { count }]) => !this.#isKept(owner, count));
    const ranked = strangers.map(([, holder]) => holder).toSorted((a, b) => b.count - a.count);
    for (const holder of ranked) {
      const silent = [...holder.silent].find((socket) => socket !== late);
      if (silent !== undefined) return ['silent', silent];
      const [idle] = holder.idle;
      if (idle !== undefined) return ['idle', idle];
    }
    for (const holder of ranked) {
      if (holder.count <= (own?.count ?? 0)) break;
      const slow = [...holder.busy].find((socket) => this.#isSlow(socket));
      if (slow !== undefined) return ['slow', slow];
    }
    return ['new', late];
  }

  /** Its last request has not come whole. */
  #isSlow(socket: Socket): boolean {
    return [...(this.#open.get(socket) ?? [])].some(({ complete }) => !complete);
  }
}
