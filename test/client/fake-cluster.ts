/**
 * An in-process cluster that speaks the frames over real WebSockets, with the real rules of producers and chunks: for tests of
 * the client that need to decide what a node does. `hook` sees each frame first and may take it.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  clientFrames,
  defaultLimits,
  failure,
  frameBounds,
  groupId,
  nodeFrames,
  packFrame,
  toErrorReply,
  unpackFrame,
  type ClientFrame,
  type ErrorCode,
  type Failure,
  type NodeFrame,
  type TopicPlaces,
} from '@callboard/client/protocol';
import { FakePartition } from './fake-partition.ts';
import { FakeSubscription } from './fake-subscription.ts';

export class FakeConnection {
  readonly node: FakeNode;
  readonly socket: WebSocket;
  readonly subscriptions: Map<number, FakeSubscription> = new Map<number, FakeSubscription>();
  authorized = false;

  constructor(node: FakeNode, socket: WebSocket) {
    this.node = node;
    this.socket = socket;
  }

  send(frame: NodeFrame): void {
    this.sendBytes(packFrame(nodeFrames.encode(frame)));
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(bytes);
  }

  fail(correlation: number, code: ErrorCode, details: Parameters<typeof failure>[1] = {}): void {
    this.send(toErrorReply(correlation, failure(code, details)));
  }
}

/** True: the frame has been dealt with. */
export type Hook = (frame: ClientFrame, connection: FakeConnection) => boolean;

export class FakeNode {
  readonly index: number;
  readonly cluster: FakeCluster;
  readonly connections: Set<FakeConnection> = new Set<FakeConnection>();
  hook: Hook = () => false;
  #server: WebSocketServer | undefined;
  #port = 0;

  constructor(cluster: FakeCluster, index: number) {
    this.cluster = cluster;
    this.index = index;
  }

  get name(): string {
    return `fake-${this.index + 1}`;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/client`;
  }

  async start(): Promise<void> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: this.#port, perMessageDeflate: false });
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    server.on('connection', (socket) => {
      const connection = new FakeConnection(this, socket);
      this.connections.add(connection);
      socket.on('message', (data) => this.#frame(data as Buffer, connection));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.connections.delete(connection);
        for (const subscription of connection.subscriptions.values()) subscription.end();
      });
    });
  }

  /** As after SIGKILL: connections end, and nobody listens. */
  stop(): void {
    for (const { socket } of this.connections) socket.terminate();
    this.#server?.close();
    this.#server = undefined;
  }

  #frame(data: Buffer, connection: FakeConnection): void {
    const frame = clientFrames.decode(unpackFrame(data, frameBounds(defaultLimits)));
    this.cluster.frames.push(frame.kind);
    if (!this.hook(frame, connection)) this.serve(frame, connection);
  }

  serve(frame: ClientFrame, connection: FakeConnection): void {
    const { cluster } = this;
    const { kind } = frame;
    const { correlation } = frame;
    if (kind === 'hello') this.greet(correlation, connection);
    else if (kind === 'ping') connection.send({ kind: 'pong', correlation });
    else if (kind === 'metadata') {
      const { deleting = false } = frame;
      const all = [...cluster.topics.keys(), ...(deleting ? cluster.deleting : [])];
      const names = frame.topics.length === 0 ? all : frame.topics;
      const topics = names.map((name): TopicPlaces => {
        if (!deleting || !cluster.deleting.has(name)) return cluster.places(name);
        return { name, error: 'topic_deleting', partitions: [] };
      });
      connection.send({ kind: 'metadata-reply', correlation, topics });
    } else if (kind === 'create-topic') {
      if (cluster.topics.has(frame.topic)) connection.fail(correlation, 'topic_exists');
      else {
        cluster.createTopic(frame.topic, frame.partitions);
        connection.send({ kind: 'topic-created', correlation });
      }
    } else if (kind === 'open-consumer') {
      const partitions = cluster.topics.get(frame.topic);
      const session = cluster.nextSession(frame.topic, frame.consumer);
      if (partitions === undefined) connection.fail(correlation, 'topic_not_found');
      else connection.send({ kind: 'consumer-opened', correlation, session, partitions: partitions.length });
    } else if (kind === 'list-consumers') {
      const ids = cluster.consumersOf(frame.topic).filter((id) => id > frame.after);
      const consumers = ids.slice(0, 2).map((id) => ({ id, over: 'push' as const }));
      const list = { kind: 'consumer-list', correlation, consumers } as const;
      if (cluster.topics.get(frame.topic) === undefined) connection.fail(correlation, 'topic_not_found');
      else connection.send(ids.length > 2 ? { ...list, more: true } : list);
    } else if (kind === 'describe-consumer') {
      const partitions = cluster.topics.get(frame.topic) ?? [];
      const known = cluster.consumersOf(frame.topic).includes(frame.consumer);
      const lags = partitions.map(
        (partition) => partition.end - (partition.cursors.get(frame.consumer)?.at ?? 0),
      );
      if (!known) connection.fail(correlation, 'consumer_not_registered');
      else connection.send({ kind: 'consumer-detail', correlation, over: 'push', lags });
    } else if (kind === 'authorize') {
      connection.authorized = frame.token === cluster.adminToken;
      if (connection.authorized) connection.send({ kind: 'done', correlation });
      else connection.fail(correlation, 'auth_failed', { message: 'not the token' });
    } else if (kind === 'remove-topic') {
      if (!connection.authorized) connection.fail(correlation, 'auth_failed', { message: 'authorize first' });
      else if (!cluster.topics.delete(frame.topic)) connection.fail(correlation, 'topic_not_found');
      else {
        cluster.deleting.add(frame.topic);
        connection.send({ kind: 'done', correlation });
      }
    } else if (kind === 'credit') {
      connection.subscriptions.get(correlation)?.grant(frame.records, frame.bytes);
    } else if (kind === 'ack') {
      const subscription = connection.subscriptions.get(frame.subscription);
      if (subscription === undefined) connection.fail(correlation, 'bad_request');
      else subscription.ack(correlation, frame.upTo);
    } else if (kind === 'unsubscribe') {
      connection.subscriptions.get(frame.subscription)?.end();
      connection.send({ kind: 'unsubscribed', correlation });
    } else this.#atLeader(frame, connection);
  }

  greet(correlation: number, connection: FakeConnection): void {
    const { frameBytes, recordBytes, clientInflightBatches } = defaultLimits;
    connection.send({
      kind: 'hello-reply',
      correlation,
      version: 1,
      node: this.name,
      frameBytes,
      recordBytes,
      inflightBatches: clientInflightBatches,
    });
  }

  #atLeader(
    frame: Extract<ClientFrame, { kind: 'produce' | 'subscribe' | 'locate' | 'fetch' }>,
    connection: FakeConnection,
  ): void {
    const { correlation, topic } = frame;
    const partition = this.cluster.topics.get(topic)?.[frame.partition];
    if (partition === undefined) {
      connection.fail(correlation, this.cluster.topics.has(topic) ? 'invalid_partition' : 'topic_not_found');
    } else if (
      partition.leader === undefined ||
      (partition.leader !== this.index && !this.cluster.relays(partition.leader))
    ) {
      connection.fail(correlation, 'not_leader');
    } else if (frame.kind === 'produce') {
      this.cluster.produces.push({ node: this.index, partition: frame.partition });
      const gone = frame.group !== undefined && frame.group !== partition.group;
      const stored = gone ? failure('producer_expired') : partition.produce(frame.chunk);
      if (typeof stored !== 'number') connection.send(toErrorReply(correlation, stored));
      else connection.send({ kind: 'produced', correlation, baseOffset: stored as never });
    } else if (frame.kind === 'locate') {
      const at = partition.locate(frame.position);
      connection.send({
        kind: 'located',
        correlation,
        offset: at as never,
        end: partition.end as never,
      });
    } else if (frame.kind === 'subscribe') FakeSubscription.open(frame, partition, connection);
    else connection.fail(correlation, 'bad_request');
  }
}

export class FakeCluster {
  readonly nodes: readonly FakeNode[];
  readonly topics: Map<string, FakePartition[]> = new Map<string, FakePartition[]>();
  readonly produces: { readonly node: number; readonly partition: number }[] = [];
  /** Kinds of all frames that came, in order. */
  readonly frames: string[] = [];
  readonly adminToken = 'admin';
  /** Topics that were removed; they stay so. */
  readonly deleting: Set<string> = new Set<string>();
  readonly #sessions = new Map<string, number>();
  /** Never used again, also not for a topic of the same name. */
  #groups = 0;
  /** Whether nodes pass calls on to leaders that are alive. */
  relay = true;

  private constructor(count: number) {
    this.nodes = Array.from({ length: count }, (_, index) => new FakeNode(this, index));
  }

  static async start(count = 1): Promise<FakeCluster> {
    const cluster = new FakeCluster(count);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    return cluster;
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  node(index: number): FakeNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  partition(topic: string, partition: number): FakePartition {
    const found = this.topics.get(topic)?.[partition];
    if (found === undefined) throw new RangeError(`there is no partition ${partition} of ${topic}`);
    return found;
  }

  createTopic(name: string, partitions: number): void {
    const list = Array.from(
      { length: partitions },
      (_, i) => new FakePartition(this.#groups + i + 1, i % this.nodes.length),
    );
    this.#groups += partitions;
    this.topics.set(name, list);
  }

  nextSession(topic: string, consumer: string): number {
    const key = `${topic}/${consumer}`;
    const session = (this.#sessions.get(key) ?? 0) + 1;
    this.#sessions.set(key, session);
    return session;
  }

  /** In order. */
  consumersOf(topic: string): readonly string[] {
    const own = [...this.#sessions.keys()].filter((key) => key.startsWith(`${topic}/`));
    return own.map((key) => key.slice(topic.length + 1)).toSorted();
  }

  relays(leader: number): boolean {
    return this.relay && this.node(leader).connections !== undefined;
  }

  places(name: string): TopicPlaces {
    const partitions = this.topics.get(name);
    if (partitions === undefined) return { name, error: 'topic_not_found', partitions: [] };
    return {
      name,
      error: undefined,
      partitions: partitions.map(({ group, leader }) => ({
        group: groupId(group),
        leader: leader === undefined ? undefined : this.node(leader).name,
        url: leader === undefined ? undefined : this.node(leader).url,
      })),
    };
  }

  stop(): void {
    for (const node of this.nodes) node.stop();
  }
}

/** For hooks: answers every frame of one kind with this failure, `times` times. */
export function failing(kind: ClientFrame['kind'], problem: Failure, times: number): Hook {
  let left = times;
  return (frame, connection) => {
    if (frame.kind !== kind || left === 0) return false;
    left -= 1;
    connection.send(toErrorReply(frame.correlation, problem));
    return true;
  };
}

/** Runs a test on a fake cluster that is gone afterwards. */
export async function withFakes(count: number, run: (cluster: FakeCluster) => Promise<void>): Promise<void> {
  const cluster = await FakeCluster.start(count);
  try {
    await run(cluster);
  } finally {
    cluster.stop();
  }
}
