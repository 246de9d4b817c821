/**
 * One connection to one node: the hello, calls matched with their answers, the streams of subscriptions, and signs of life.
 *
 * Every call ends exactly once: answered, failed by an error frame, or failed as `unknown` because the connection ended or the
 * answer did not come. Time is counted in ticks: after a stall of this process, however long, timers run before the sockets
 * are read, so a late tick counts as one, and the other side is judged only after what it sent was read.
 */
import {
  clientFrames,
  closingCode,
  wireLimits,
  failure,
  frameBounds,
  fromErrorReply,
  nodeFrames,
  packFrame,
  protocolVersion,
  unpackFrame,
  WireError,
  clientLimits,
  type ClientFrame,
  type ClientHelloReply,
  type Delivery,
  type Failure,
  type NodeFrame,
} from '../protocol/index.ts';
import type { TransportSocket } from '../api.ts';
import type { Platform, Timer } from './platform.ts';

type Body<F> = F extends unknown ? Omit<F, 'correlation'> : never;
/** A frame whose correlation is filled in when it is sent. */
export type Call = Body<Exclude<ClientFrame, { kind: 'hello' | 'credit' }>>;
export type Answer<K extends NodeFrame['kind']> = Extract<NodeFrame, { readonly kind: K }>;

export interface Reply<K extends NodeFrame['kind'] = NodeFrame['kind']> {
  /** The kind of frame that answers the call. */
  readonly answer: K;
  answered(frame: Answer<K>): void;
  failed(problem: Failure): void;
}

/** What comes for a subscription after it was answered. */
export interface Stream {
  /** Throws a WireError for what breaks the protocol, which ends the connection. */
  delivered(frame: Delivery): void;
  /** The node ended the subscription, or the connection ended; nothing follows. */
  ended(problem: Failure): void;
}

interface Pending {
  readonly reply: Reply;
  ticks: number;
}

export interface ConnectionOptions {
  readonly platform: Platform;
  readonly client: string;
  opened(connection: Connection): void;
  /** Called once, also for a connection that was never made. */
  ended(connection: Connection, problem: Failure): void;
  /** There is room for calls again after `hasRoom` was false. */
  room(): void;
}

const bounds = frameBounds(wireLimits);

export class Connection {
  readonly url: string;
  readonly #options: ConnectionOptions;
  readonly #socket: TransportSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Map<number, Stream>();
  #state: 'opening' | 'open' | 'ended' = 'opening';
  #hello: ClientHelloReply | undefined;
  #correlations = 0;
  #heard = false;
  #silentTicks = 0;
  #timer: Timer;
  #wasFull = false;
  /** The last error frame without a call: why the node is about to close. */
  #farewell: Failure | undefined;

  constructor(url: string, options: ConnectionOptions) {
    this.url = url;
    this.#options = options;
    this.#socket = options.platform.open(url, wireLimits.frameBytes, {
      opened: () => this.#sayHello(),
      message: (bytes) => this.#message(bytes),
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.#timer = this.#nextTick();
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** The node's limits; only while open. */
  get hello(): ClientHelloReply {
    if (this.#hello === undefined) throw new Error('the connection is not open');
    return this.#hello;
  }

  /** Whether another call may be sent now; if not, `room` will be called. */
  get hasRoom(): boolean {
    if (this.#pending.size < clientLimits.connectionCalls) return true;
    this.#wasFull = true;
    return false;
  }

  /** Sends one call and returns its correlation. The connection must be open. */
  call<K extends NodeFrame['kind']>(frame: Call, reply: Reply<K>): number {
    const correlation = (this.#correlations += 1);
    const bytes = this.#encoded({ ...frame, correlation });
    if (typeof bytes === 'string') {
      reply.failed(failure('bad_request', { message: `${bytes}; nothing was sent` }));
      return correlation;
    }
    // The answer's kind is checked before it is handed over.
    this.#pending.set(correlation, { reply: reply as unknown as Reply, ticks: 0 });
    this.#socket.send(bytes);
    return correlation;
  }

  /** The stream of the subscription that was just called for. */
  attach(subscription: number, stream: Stream): void {
    this.#streams.set(subscription, stream);
  }

  /** What still comes for this subscription is ignored. */
  detach(subscription: number): void {
    this.#streams.delete(subscription);
  }

  credit(subscription: number, records: number, bytes: number): void {
    this.#send({ kind: 'credit', correlation: subscription, records, bytes });
  }

  end(problem: Failure, closeCode = 1000): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#timer.cancel();
    this.#socket.close(closeCode, problem.message.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'));
    const pending = [...this.#pending.values()];
    const streams = [...this.#streams.values()];
    this.#pending.clear();
    this.#streams.clear();
    const lost = { ...problem, retriable: true, outcome: 'unknown' as const };
    for (const { reply } of pending) reply.failed(lost);
    for (const stream of streams) stream.ended(lost);
    this.#options.ended(this, problem);
  }

  #send(frame: ClientFrame): void {
    if (this.#state === 'ended') throw new Error(`a ${frame.kind} was sent over an ended connection`);
    this.#socket.send(packFrame(clientFrames.encode(frame)));
  }

  /** What is wrong with a frame that its own shape refuses, such as a name that no topic can have. */
  #encoded(frame: ClientFrame): Uint8Array | string {
    if (this.#state === 'ended') throw new Error(`a ${frame.kind} was sent over an ended connection`);
    try {
      return packFrame(clientFrames.encode(frame));
    } catch (error) {
      if (error instanceof WireError) return error.message;
      throw error;
    }
  }

  #sayHello(): void {
    if (this.#state !== 'opening') return;
    const { client } = this.#options;
    const correlation = (this.#correlations += 1);
    this.#send({ kind: 'hello', correlation, version: protocolVersion, client });
  }

  #message(bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#heard = true;
    try {
      const frame = nodeFrames.decode(unpackFrame(bytes, bounds));
      if (this.#state === 'opening') this.#greeted(frame);
      else this.#take(frame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const message = `${this.url} broke the protocol: ${error.message}`;
      this.end(failure('frame_invalid', { message }), 4400);
    }
  }

  #greeted(frame: NodeFrame): void {
    if (frame.kind === 'error') {
      this.#farewell = fromErrorReply(frame);
      return;
    }
    if (frame.kind !== 'hello-reply' || frame.correlation !== this.#correlations) {
      throw new WireError('frame_invalid', `${frame.kind} instead of the answer to the hello`);
    }
    if (frame.version !== protocolVersion) {
      const message = `${this.url} speaks version ${frame.version} of the protocol, this client ${protocolVersion}`;
      this.end(failure('version_mismatch', { message }));
      return;
    }
    this.#hello = frame;
    this.#state = 'open';
    this.#options.opened(this);
  }

  #take(frame: NodeFrame): void {
    const { correlation } = frame;
    if (frame.kind === 'delivery') {
      this.#streams.get(correlation)?.delivered(frame);
      return;
    }
    const pending = this.#pending.get(correlation);
    if (pending !== undefined) this.#answer(correlation, pending, frame);
    else if (frame.kind === 'error') this.#unasked(frame);
    // An answer that comes after its call was given up is late, not wrong.
    else if (correlation === 0 || correlation > this.#correlations) {
      throw new WireError('frame_invalid', `${frame.kind} answers call ${correlation}, which was never made`);
    }
  }

  #answer(correlation: number, { reply }: Pending, frame: NodeFrame): void {
    if (frame.kind !== 'error' && frame.kind !== reply.answer) {
      throw new WireError('frame_invalid', `${frame.kind} answers a call for ${reply.answer}`);
    }
    this.#pending.delete(correlation);
    if (frame.kind === 'error') {
      this.#streams.delete(correlation);
      reply.failed(fromErrorReply(frame));
    } else reply.answered(frame);
    if (this.#wasFull && this.#pending.size <= clientLimits.connectionCalls / 2) {
      this.#wasFull = false;
      this.#options.room();
    }
  }

  #unasked(frame: Answer<'error'>): void {
    if (frame.correlation === 0) this.#farewell = fromErrorReply(frame);
    const stream = this.#streams.get(frame.correlation);
    this.#streams.delete(frame.correlation);
    stream?.ended(fromErrorReply(frame));
  }

  #closed(closeCode: number, reason: string): void {
    const code = this.#farewell?.code ?? closingCode(closeCode) ?? 'unavailable';
    const why = this.#farewell?.message ?? (reason === '' ? `code ${closeCode}` : reason);
    const what = this.#state === 'opening' ? 'could not be reached' : 'closed the connection';
    this.end(failure(code, { message: `${this.url} ${what}: ${why}` }));
  }

  #nextTick(): Timer {
    return this.#options.platform.setTimer(clientLimits.tickMs, () => this.#tick());
  }

  #tick(): void {
    if (this.#state === 'ended') return;
    this.#timer = this.#nextTick();
    this.#silentTicks = this.#heard ? 0 : this.#silentTicks + 1;
    this.#heard = false;
    const most = this.#state === 'opening' ? clientLimits.openingTicks : clientLimits.silentTicks;
    if (this.#silentTicks > most) {
      const message = `${this.url} gave no sign of life for ${most} s`;
      this.end(failure('timeout', { message }));
      return;
    }
    if (this.#state !== 'open') return;
    if (this.#silentTicks === clientLimits.pingTicks) this.call({ kind: 'ping' }, pingReply);
    this.#expire();
  }

  #expire(): void {
    for (const [correlation, pending] of this.#pending) {
      pending.ticks += 1;
      if (pending.ticks <= clientLimits.answerTicks) continue;
      this.#pending.delete(correlation);
      this.#streams.delete(correlation);
      const message = `${this.url} did not answer within ${clientLimits.answerTicks} s`;
      pending.reply.failed(failure('timeout', { message }));
    }
  }
}

/** A ping wants nothing but a sign of life, which any frame is. */
const pingReply: Reply<'pong'> = { answer: 'pong', answered: () => undefined, failed: () => undefined };
