/** What the node tells of itself and its topics: /status and /status/topics, as far as the page shows it. */

export interface Broker {
  readonly name: string;
  readonly state: string;
  readonly url?: string;
}

export interface Replica {
  readonly group: number;
  readonly verdict: string;
  readonly leader?: string;
}

export interface Status {
  readonly node: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly health: string;
  readonly lowSpace: boolean;
  readonly directory: { readonly leader?: string };
  readonly brokers: readonly Broker[];
  readonly partitions: readonly Replica[];
}

export interface ConsumerState {
  readonly id: string;
  readonly cursor: number;
  readonly lag: number;
}

export interface PartitionState {
  readonly partition: number;
  readonly leader: string | null;
  /** Null: this node has no replica of it. */
  readonly end: number | null;
  readonly consumers: readonly ConsumerState[];
}

export interface TopicState {
  readonly name: string;
  readonly partitions: readonly PartitionState[];
}

export interface Topics {
  readonly topics: readonly TopicState[];
  readonly omitted: number;
}

const patienceMs = 4_000;

async function get<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(patienceMs), cache: 'no-store' });
  const body = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(body.message ?? `${path} answered ${response.status}`);
  return body;
}

export function getStatus(): Promise<Status> {
  return get('/status');
}

export function getTopics(): Promise<Topics> {
  return get('/status/topics');
}
