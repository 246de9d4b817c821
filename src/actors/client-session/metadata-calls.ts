/**
 * Questions of one connection for places: one at a time goes to the gateway, as its answer may cost as much as very many other frames, and
 * the next only when the client has room for an answer. The connection is charged for each.
 */
import { toErrorReply, type Limits, type TopicPlaces } from '@callboard/client/protocol';
import type { Frame } from './calls.ts';
import { notRead } from './errors.ts';
import type { ClientPort } from './port.ts';

/** Charged when a question is asked, and set off against what its answer costs: many at once are to be felt before they are answered. */
const depositFrames = 128;

export type Metadata = Extract<Frame, { kind: 'metadata' }>;

export interface MetadataCallsOptions {
  readonly port: ClientPort;
  readonly limits: Limits;
  /** What may wait to leave the connection, in bytes. */
  share(): number;
  /** Asks the gateway; the answer comes by `answered` or `over`, perhaps at once. */
  ask(frame: Metadata): void;
}

export class MetadataCalls {
  readonly #options: MetadataCallsOptions;
  #waiting: { readonly frame: Metadata; readonly sinceMs: number }[] = [];
  #open = false;

  constructor(options: MetadataCallsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(frame: Metadata, nowMs: number): void {
    this.#waiting.push({ frame, sinceMs: nowMs });
    this.next();
  }

  /** Asks the next one, if it may be. */
  next(): void {
    const { port, share, ask } = this.#options;
    while (!this.#open && this.#waiting.length > 0 && port.bufferedBytes() <= share() / 2) {
      const next = this.#waiting.shift();
      this.#open = true;
      port.spend(depositFrames);
      if (next !== undefined) ask(next.frame);
    }
  }

  answered({ correlation }: Metadata, topics: readonly TopicPlaces[], next: number | undefined): void {
    const { port, limits } = this.#options;
    const places = topics.reduce((sum, { partitions }) => sum + partitions.length, topics.length);
    port.spend(places / limits.placesPerFrame - depositFrames);
    const reply = { kind: 'metadata-reply', correlation, topics } as const;
    port.send(next === undefined ? reply : { ...reply, next });
    this.#open = false;
  }

  /** The one that was asked has failed. */
  over(): void {
    if (this.#open) this.#options.port.spend(-depositFrames);
    this.#open = false;
  }

  expire(nowMs: number, afterMs: number): void {
    while ((this.#waiting[0]?.sinceMs ?? Infinity) + afterMs <= nowMs) {
      const late = this.#waiting.shift();
      if (late !== undefined) this.#options.port.send(toErrorReply(late.frame.correlation, notRead(afterMs)));
    }
  }
}
