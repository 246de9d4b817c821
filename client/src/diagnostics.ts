/**
 * What the client tells of itself to tracers: in Node.js over `node:diagnostics_channel`, one channel per kind, at no cost while nobody
 * listens. Told after the fact; a listener cannot change anything.
 */
import type { CallboardError } from './errors.ts';

export interface DiagnosticEvents {
  /** A node has answered the hello; also those that only partitions are led by. */
  readonly 'callboard:connect': { readonly url: string; readonly node: string };
  /** The node that calls go through was lost; `url` is tried next. */
  readonly 'callboard:reconnect': { readonly url: string; readonly attempt: number; readonly reason: string };
  /** Records of one producer that travelled together were answered, after all tries. */
  readonly 'callboard:send': {
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
    readonly bytes: number;
    /** Since the first of them was sent. */
    readonly durationMs: number;
    /** Of the first record; undefined with `acks: 'none'`, and if they failed. */
    readonly offset: number | undefined;
    readonly error: CallboardError | undefined;
  };
  /** The cluster has committed that all records below `cursor` are done. */
  readonly 'callboard:ack': {
    readonly topic: string;
    readonly partition: number;
    readonly consumer: string;
    readonly cursor: number;
  };
  /** Records have come; they may still wait for the consumer's user. */
  readonly 'callboard:deliver': {
    readonly topic: string;
    readonly partition: number;
    /** Undefined for a reader without an id. */
    readonly consumer: string | undefined;
    /** Of the first record. */
    readonly offset: number;
    readonly records: number;
    readonly bytes: number;
    /** One above the highest committed offset, as far as known. */
    readonly end: number;
  };
  /** Another session has taken the consumer's place. */
  readonly 'callboard:fence': { readonly topic: string; readonly consumer: string };
}

/** A channel of the place that the client runs in. */
export interface DiagnosticChannel {
  readonly hasSubscribers: boolean;
  publish(event: unknown): void;
}

type Name = keyof DiagnosticEvents;

export class Diagnostics {
  readonly #channelOf: ((name: string) => DiagnosticChannel) | undefined;
  readonly #channels = new Map<Name, DiagnosticChannel>();

  constructor(channelOf: ((name: string) => DiagnosticChannel) | undefined) {
    this.#channelOf = channelOf;
  }

  /** `event` is made only if somebody listens. */
  tell<N extends Name>(name: N, event: () => DiagnosticEvents[N]): void {
    const channel = this.#channels.get(name) ?? this.#open(name);
    if (channel?.hasSubscribers === true) channel.publish(event());
  }

  #open(name: Name): DiagnosticChannel | undefined {
    const channel = this.#channelOf?.(name);
    if (channel !== undefined) this.#channels.set(name, channel);
    return channel;
  }
}
