/** What the objects of one client share: the connections, what is known of topics, and news of both. */
import type { ClientStatus, ConnectOptions, Transport } from '../api.ts';
import { Diagnostics } from '../diagnostics.ts';
import { clientLimits, failure, type Failure } from '../protocol/index.ts';
import type { Connection } from './connection.ts';
import { Links } from './links.ts';
import type { Platform } from './platform.ts';
import { Operator } from './operator.ts';
import { Topology } from './topology.ts';
import { GuardedTransport } from './transport.ts';

export class Core {
  readonly platform: Platform;
  readonly diagnostics: Diagnostics;
  readonly deadlineMs: number;
  readonly links: Links;
  readonly topology: Topology;
  readonly operator: Operator;
  readonly #status: ((status: ClientStatus) => void) | undefined;
  readonly #watchers = new Set<() => void>();
  #told = false;
  /** Why nothing can be done any more: closed, or refused by every address. */
  end: Failure | undefined;

  constructor(place: Platform, urls: readonly string[], options: ConnectOptions) {
    const { transport } = options;
    const platform = transport === undefined ? place : withTransport(place, transport);
    this.platform = platform;
    this.diagnostics = new Diagnostics(platform.channel);
    this.deadlineMs = options.deadlineMs ?? clientLimits.deadlineMs;
    this.#status = options.onStatus;
    const changed = (): void => this.changed();
    this.operator = new Operator(this, options.token);
    this.links = new Links({
      platform,
      urls,
      client: options.name === undefined ? platform.name : `${options.name} (${platform.name})`.slice(0, 120),
      direct: options.direct ?? true,
      status: (status) => this.status(status),
      connected: (url, node) => this.diagnostics.tell('callboard:connect', () => ({ url, node })),
      changed,
      refused: (problem) => this.#stop(problem),
    });
    this.topology = new Topology(platform, this.links, changed);
  }

  /** What the listener throws, now or later, is his: nothing here ends with it. */
  status(status: ClientStatus): void {
    this.#trace(status);
    const failed = (cause: unknown): void => this.platform.warn(`onStatus threw at '${status.kind}'`, cause);
    try {
      const result: unknown = this.#status?.(status);
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  #trace(status: ClientStatus): void {
    if (status.kind === 'reconnecting') {
      const { url, attempt, reason } = status;
      this.diagnostics.tell('callboard:reconnect', () => ({ url, attempt, reason }));
    } else if (status.kind === 'fenced') {
      const { topic, consumer } = status;
      this.diagnostics.tell('callboard:fence', () => ({ topic, consumer }));
    }
  }

  /** The connection for calls to this partition's leader; undefined: none now, watchers will hear of one. */
  route(topic: string, partition: number): Connection | undefined {
    return this.links.towards(this.topology.leaderUrl(topic, partition));
  }

  /** Whether the first try to reach this partition's leader itself is under way. */
  settling(topic: string, partition: number): boolean {
    return this.links.settling(this.topology.leaderUrl(topic, partition));
  }

  /** `run` is called, not within any call of its own, whenever it may find connections or topics changed. */
  watch(run: () => void): () => void {
    this.#watchers.add(run);
    return () => void this.#watchers.delete(run);
  }

  close(): void {
    if (this.end?.code === 'closed') return;
    this.#stop(failure('closed', { message: 'the client was closed' }));
    this.status({ kind: 'closed' });
  }

  #stop(problem: Failure): void {
    this.end = problem;
    this.links.close();
    this.topology.close();
    this.changed();
  }

  /** Watchers are called soon. */
  changed(): void {
    if (this.#told) return;
    this.#told = true;
    this.platform.soon(() => {
      this.#told = false;
      this.topology.pump();
      for (const run of [...this.#watchers]) run();
    });
  }
}

function withTransport(place: Platform, transport: Transport): Platform {
  const guarded = new GuardedTransport(transport, place.soon);
  return { ...place, open: (url, frameBytes, handlers) => guarded.open(url, frameBytes, handlers) };
}
