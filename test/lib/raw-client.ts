/**
 * A minimal client of the wire for tests and benchmarks: a hello, then calls matched by correlation, any number in
 * flight. No retries, no metadata cache, no reconnect: the client library has those.
 */
import type { Socket } from 'node:net';
import { WebSocket, type ClientOptions } from 'ws';
import {
  anyClientFrames,
  anyNodeFrames,
  clientFrames,
  defaultLimits,
  frameBounds,
  fromErrorReply,
  packFrame,
  protocolVersion,
  unpackFrame,
  type Acks,
  type ClientFrame,
  type Failure,
  type FetchReply,
  type MetadataReply,
  type NodeFrame,
  type Offset,
} from '@callboard/client/protocol';

type Body<F> = F extends unknown ? Omit<F, 'correlation'> : never;
/** A frame whose correlation is filled in when it is sent. */
export type Call = Body<ClientFrame>;

/** A call that was answered with an error frame, or not at all because the connection ended. */
export class CallFailed extends Error {
  readonly failure: Failure | undefined;

  constructor(text: string, failure?: Failure) {
    super(text);
    this.failure = failure;
  }
}

interface Waiting {
  resolve(frame: NodeFrame): void;
  reject(error: CallFailed): void;
}

export interface RawClientOptions {
  readonly token?: string;
  readonly version?: number;
  readonly socket?: ClientOptions;
}

const bounds = frameBounds(defaultLimits);

export class RawClient {
  readonly socket: WebSocket;
  /** The TCP socket below. */
  raw: Socket | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** By the correlation of a `subscribe`: who is told of every frame that repeats it. */
  readonly #pushed = new Map<number, (frame: NodeFrame) => void>();
  #correlations = 0;
  #corked = false;
  /** Set when the connection has ended. */
  ended: { readonly code: number; readonly reason: string } | undefined;
  /** The last error frame with correlation 0. */
  farewell: Failure | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('upgrade', (response) => {
      this.raw = response.socket;
    });
    socket.on('message', (data) => this.#receive(unpackFrame(data as Buffer, bounds)));
    socket.on('close', (code, reason) => {
      this.ended = { code, reason: reason.toString() };
      for (const waiting of this.#waiting.values()) {
        waiting.reject(new CallFailed(`the connection ended with ${code}`));
      }
      this.#waiting.clear();
    });
    socket.on('error', () => undefined);
  }

  /** Connects and says hello; rejects when either fails. */
  static async connect(url: string, options: RawClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options.socket });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const { token, version = protocolVersion } = options;
    await client.call({
      kind: 'hello',
      version,
      client: 'raw-client',
      ...(token === undefined ? {} : { token }),
    });
    return client;
  }

  /** Sends one call and resolves with its answer. */
  call(call: Call): Promise<NodeFrame> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(this.send(call), { resolve, reject });
    });
  }

  /** Sends one call without waiting for anything; returns its correlation. */
  send(call: Call): number {
    const correlation = (this.#correlations += 1);
    this.sendBytes(packFrame(clientFrames.encode({ ...call, correlation })));
    return correlation;
  }

  /** Sends a `subscribe`; `take` is told of its answer, and of everything that comes for it later. */
  subscribe(call: Extract<Call, { readonly kind: 'subscribe' }>, take: (frame: NodeFrame) => void): number {
    const correlation = this.send(call);
    this.#pushed.set(correlation, take);
    return correlation;
  }

  /** A frame of a call without an answer, or one whose correlation is a subscription's. */
  sendAs(correlation: number, call: Call): void {
    this.sendBytes(packFrame(clientFrames.encode({ ...call, correlation })));
  }

  sendBytes(bytes: Uint8Array): void {
    const { raw } = this;
    if (!this.#corked && raw !== undefined) {
      this.#corked = true;
      raw.cork();
      queueMicrotask(() => {
        this.#corked = false;
        raw.uncork();
      });
    }
    this.socket.send(bytes);
  }

  /** Proves that this is an operator; rejects where the token is refused. */
  async operator(token: string): Promise<void> {
    const correlation = (this.#correlations += 1);
    await new Promise<NodeFrame>((resolve, reject) => {
      this.#waiting.set(correlation, { resolve, reject });
      this.sendBytes(packFrame(anyClientFrames.encode({ kind: 'authorize', correlation, token })));
    });
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    await this.call({ kind: 'create-topic', topic, partitions });
  }

  async metadata(...topics: string[]): Promise<MetadataReply> {
    return this.#expect('metadata-reply', await this.call({ kind: 'metadata', topics }));
  }

  /** Resolves with the offset of the chunk's first record. Calls that are not awaited are pipelined. */
  async produce(
    topic: string,
    partition: number,
    chunk: Uint8Array,
    acks: Acks = 'quorum',
  ): Promise<Offset | undefined> {
    const answer = await this.call({ kind: 'produce', topic, partition, acks, chunk });
    return this.#expect('produced', answer).baseOffset;
  }

  async fetch(
    topic: string,
    partition: number,
    offset: Offset,
    maxBytes: number = 1 << 20,
  ): Promise<FetchReply> {
    return this.#expect('fetched', await this.call({ kind: 'fetch', topic, partition, offset, maxBytes }));
  }

  close(): void {
    this.socket.close(1000);
  }

  #expect<K extends NodeFrame['kind']>(kind: K, frame: NodeFrame): Extract<NodeFrame, { readonly kind: K }> {
    if (frame.kind !== kind) throw new CallFailed(`expected ${kind}, got ${frame.kind}`);
    return frame as Extract<NodeFrame, { readonly kind: K }>;
  }

  #receive(raw: readonly unknown[]): void {
    const frame = anyNodeFrames.decode(raw) as NodeFrame;
    const pushed = this.#pushed.get(frame.correlation);
    if (pushed !== undefined) {
      pushed(frame);
      return;
    }
    const waiting = this.#waiting.get(frame.correlation);
    this.#waiting.delete(frame.correlation);
    if (frame.kind !== 'error') waiting?.resolve(frame);
    else {
      const failure = fromErrorReply(frame);
      if (frame.correlation === 0) this.farewell = failure;
      waiting?.reject(new CallFailed(`${failure.code}: ${failure.message}`, failure));
    }
  }
}
