/** An operator's connection to one node: calls one at a time, and the answers of a trace as they come. */
import { once } from 'node:events';
import {
  anyClientFrames,
  anyNodeFrames,
  defaultLimits,
  frameBounds,
  fromErrorReply,
  packFrame,
  protocolVersion,
  unpackFrame,
  type AnyClientFrame,
  type AnyNodeFrame,
  type OperatorFrame,
} from '@callboard/client/protocol';
import { WebSocket } from 'ws';
import { readVersion } from '../../node/version.ts';
import { CallFailure } from '../errors.ts';

const OPENING_MS = 5_000;
const ANSWER_MS = 30_000;
const bounds = frameBounds(defaultLimits);

type Answer<K extends AnyNodeFrame['kind']> = Extract<AnyNodeFrame, { readonly kind: K }>;

function unavailable(message: string): CallFailure {
  return new CallFailure({ code: 'unavailable', message, outcome: 'not_applied', retriable: true });
}

export class OperatorLink {
  readonly url: string;
  readonly #socket: WebSocket;
  readonly #waiting: ((frame: AnyNodeFrame | undefined) => void)[] = [];
  readonly #arrived: AnyNodeFrame[] = [];
  #lastCorrelation = 0;
  #closed = false;

  private constructor(url: string, socket: WebSocket) {
    this.url = url;
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#frame(new Uint8Array(data)));
    socket.on('close', () => this.#close());
    socket.on('error', () => this.#close());
  }

  /** Tries the addresses in turn. */
  static async open(urls: readonly string[], token: string): Promise<OperatorLink> {
    const problems: string[] = [];
    for (const url of urls) {
      const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/client`, {
        perMessageDeflate: false,
        maxPayload: defaultLimits.frameBytes,
        handshakeTimeout: OPENING_MS,
      });
      try {
        await once(socket, 'open');
      } catch (error) {
        problems.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
        continue;
      }
      const link = new OperatorLink(url, socket);
      await link.#hello(token);
      return link;
    }
    throw unavailable(`No node answered (${problems.join('; ')}): is it running, and is --url right?`);
  }

  async call<K extends AnyNodeFrame['kind']>(
    frame: WithoutCorrelation<OperatorFrame>,
    kind: K,
  ): Promise<Answer<K>> {
    const correlation = this.#send(frame);
    return this.#expect(correlation, kind);
  }

  /** Every answer to one call, for as long as the caller goes on asking. */
  async *stream<K extends AnyNodeFrame['kind']>(
    frame: WithoutCorrelation<OperatorFrame>,
    kind: K,
  ): AsyncGenerator<Answer<K>, void, undefined> {
    const correlation = this.#send(frame);
    for (;;) yield await this.#expect(correlation, kind, undefined);
  }

  close(): void {
    this.#socket.close();
    this.#close();
  }

  async #hello(token: string): Promise<void> {
    const client = `callboard-cli/${readVersion()}`;
    const correlation = this.#send({ kind: 'hello', version: protocolVersion, client });
    await this.#expect(correlation, 'hello-reply');
    await this.call({ kind: 'authorize', token }, 'done');
  }

  #send(frame: WithoutCorrelation<AnyClientFrame>): number {
    this.#lastCorrelation += 1;
    const whole = { ...frame, correlation: this.#lastCorrelation } as AnyClientFrame;
    this.#socket.send(packFrame(anyClientFrames.encode(whole)));
    return this.#lastCorrelation;
  }

  async #expect<K extends AnyNodeFrame['kind']>(
    correlation: number,
    kind: K,
    withinMs: number | undefined = ANSWER_MS,
  ): Promise<Answer<K>> {
    const frame = await this.#next(withinMs);
    if (frame === undefined) {
      throw unavailable(`${this.url} closed the connection, or did not answer in time.`);
    }
    if (frame.kind === 'error') throw new CallFailure(fromErrorReply(frame));
    if (frame.kind !== kind || frame.correlation !== correlation) {
      throw new Error(`${this.url} answered ${frame.kind} where ${kind} was asked`);
    }
    return frame as Answer<K>;
  }

  async #next(withinMs: number | undefined): Promise<AnyNodeFrame | undefined> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined || this.#closed) return arrived;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve) => {
        this.#waiting.push(resolve);
        if (withinMs !== undefined) timer = setTimeout(resolve, withinMs, undefined);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #frame(bytes: Uint8Array): void {
    const frame = anyNodeFrames.decode(unpackFrame(bytes, bounds));
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#arrived.push(frame);
    else waiting(frame);
  }

  #close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }
}

export type WithoutCorrelation<F> = F extends AnyClientFrame ? Omit<F, 'correlation'> : never;
