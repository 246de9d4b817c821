/**
 * The connections of a client. One is home: to any of the addresses given (or learned), kept up for as long as the client lives.
 * The others lead to nodes that lead partitions; a leader that cannot be reached is left alone for a while, and its
 * partitions are served through home, which passes the calls on. A home that is there and can do nothing, because it is cut off from
 * the others or no member any more, is left for another address too.
 */
import { clientLimits, failure, type Failure } from '../protocol/index.ts';
import type { ClientStatus } from '../api.ts';
import { Connection } from './connection.ts';
import { backOff, type Platform, type Timer } from './platform.ts';

export interface LinksOptions {
  readonly platform: Platform;
  readonly urls: readonly string[];
  readonly client: string;
  readonly direct: boolean;
  status(status: ClientStatus): void;
  /** Any connection was made. */
  connected(url: string, node: string): void;
  /** A connection came, went or has room again. */
  changed(): void;
  /** No address will ever let this client in. */
  refused(problem: Failure): void;
}

/** What is known of an address besides its connection. */
interface Detour {
  failures: number;
  until: number;
}

/** What a node says that cannot ask the others. */
const helpless: ReadonlySet<string> = new Set(['unavailable', 'timeout']);

/** Trying again cannot help against these. */
const final: ReadonlySet<string> = new Set([
  'auth_failed',
  'version_mismatch',
  'origin_refused',
  'host_refused',
]);

export class Links {
  readonly #options: LinksOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #detours = new Map<string, Detour>();
  readonly #learned = new Set<string>();
  #home: Connection | undefined;
  #homeUrl: string;
  #next: number;
  #attempt = 0;
  /** Calls in a row that home could do nothing about. */
  #helpless = 0;
  #timer: Timer | undefined;
  #closed = false;
  /** Why home is not there, as far as known. */
  lastProblem: Failure = failure('unavailable', { message: 'no address has answered yet' });

  constructor(options: LinksOptions) {
    this.#options = options;
    // Many clients with the same list spread over its nodes.
    this.#next = Math.floor(options.platform.random() * options.urls.length);
    this.#homeUrl = options.urls[this.#next] ?? '';
    this.#goHome();
  }

  /** The connection for calls that any node takes; undefined while there is none. */
  get home(): Connection | undefined {
    return this.#home?.open === true ? this.#home : undefined;
  }

  /** Where to send what the node at `url` leads: straight to it, or home while it cannot be reached. */
  towards(url: string | undefined): Connection | undefined {
    if (url === undefined || !this.#options.direct) return this.home;
    const known = this.#connections.get(url);
    if (known?.open === true) return known;
    if (known === undefined) this.#reach(url);
    return this.home;
  }

  /** Whether it is being found out for the first time if the node at `url` can be reached; begins to. */
  settling(url: string | undefined): boolean {
    if (url === undefined || !this.#options.direct) return false;
    if (!this.#connections.has(url)) this.#reach(url);
    return this.#connections.get(url)?.open === false && !this.#detours.has(url);
  }

  /** Addresses of nodes, as the cluster tells them: home moves to one of them when no given address answers. */
  learn(urls: Iterable<string>): void {
    for (const url of urls) {
      if (this.#learned.size >= clientLimits.connections) return;
      this.#learned.add(url);
    }
  }

  /** A call that any node can answer was answered at `connection`, or failed there with `problem`. */
  heard(connection: Connection, problem?: Failure): void {
    if (connection !== this.#home || this.#closed) return;
    if (problem === undefined || !helpless.has(problem.code)) this.#helpless = 0;
    // A connection that is lost is left anyway.
    else if (connection.open) this.#helpless += 1;
    if (problem === undefined || this.#helpless < clientLimits.homeFailures) return;
    const before = this.#homeUrl;
    this.#nextHome();
    if (this.#homeUrl !== before) this.#moving(problem);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    const problem = failure('closed', { message: 'the client was closed' });
    for (const connection of [...this.#connections.values()]) connection.end(problem);
  }

  #reach(url: string): void {
    const { platform } = this.#options;
    const until = this.#detours.get(url)?.until ?? 0;
    if (this.#closed || platform.now() < until || this.#connections.size >= clientLimits.connections) return;
    this.#connect(url);
  }

  #connect(url: string): Connection {
    const { platform, client, changed } = this.#options;
    const connection = new Connection(url, {
      platform,
      client,
      opened: (opened) => this.#opened(opened),
      ended: (ended, problem) => this.#ended(ended, problem),
      room: changed,
    });
    this.#connections.set(url, connection);
    return connection;
  }

  #goHome(): void {
    this.#timer = undefined;
    if (this.#closed) return;
    this.#helpless = 0;
    this.#home = this.#connections.get(this.#homeUrl) ?? this.#connect(this.#homeUrl);
    if (this.#home.open) this.#atHome(this.#home);
  }

  #opened(connection: Connection): void {
    this.#detours.delete(connection.url);
    this.#options.connected(connection.url, connection.hello.node);
    if (connection === this.#home) this.#atHome(connection);
    else this.#options.changed();
  }

  #atHome({ url, hello }: Connection): void {
    this.#attempt = 0;
    this.#options.status({ kind: 'connected', url, node: hello.node });
    this.#options.changed();
  }

  #ended(connection: Connection, problem: Failure): void {
    const { url } = connection;
    this.#connections.delete(url);
    if (this.#closed) return;
    const failures = (this.#detours.get(url)?.failures ?? 0) + 1;
    const { platform } = this.#options;
    const pause = backOff(platform, failures, clientLimits.detourMs, clientLimits.detourMaxMs);
    this.#detours.set(url, { failures, until: platform.now() + pause });
    if (connection === this.#home) this.#leftHome(problem);
    this.#options.changed();
  }

  #leftHome(problem: Failure): void {
    this.#home = undefined;
    if (final.has(problem.code)) {
      this.#options.refused(problem);
      if (this.#closed) return;
    }
    this.#nextHome();
    this.#moving(problem);
  }

  #nextHome(): void {
    const { urls, direct } = this.#options;
    const addresses = direct ? [...new Set([...urls, ...this.#learned])] : urls;
    this.#next = (this.#next + 1) % addresses.length;
    this.#homeUrl = addresses[this.#next] ?? this.#homeUrl;
  }

  #moving(problem: Failure): void {
    const { platform, status } = this.#options;
    this.lastProblem = problem;
    this.#home = undefined;
    this.#attempt += 1;
    // The first try comes at once, but not all clients of a node that has died at the same instant.
    const ms =
      this.#attempt === 1
        ? platform.random() * clientLimits.reconnectMs
        : backOff(platform, this.#attempt - 1, clientLimits.reconnectMs, clientLimits.reconnectMaxMs);
    status({ kind: 'reconnecting', url: this.#homeUrl, attempt: this.#attempt, reason: problem.message });
    this.#timer = platform.setTimer(ms, () => this.#goHome());
  }
}
