/** Reads committed chunks of one partition from an offset on. */
import { wireLimits } from '../wire-limits.ts';
import { list, message, uint, type MessageCodec } from '../shape.ts';
import { correlation, offsetField, passingChunk, topicName } from './common.ts';
import type { Offset } from '../brands.ts';

export interface Fetch {
  readonly kind: 'fetch';
  readonly correlation: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  /** At least one chunk is sent even if it is larger, and never more than `fetchChunks`. */
  readonly maxBytes: number;
}

export const fetch: MessageCodec<Fetch> = message<Fetch>('fetch', 41, {
  correlation,
  topic: topicName,
  partition: uint,
  offset: offsetField,
  maxBytes: uint,
});

export interface Fetched {
  readonly kind: 'fetched';
  readonly correlation: number;
  /**
   * The offset that the next committed record will get, as the leader confirmed it after the question: nothing at or above it can be
   * read yet.
   */
  readonly end: Offset;
  /** Sealed chunks in order; the first holds the offset asked for, unless that is `end`. Views into the frame. */
  readonly chunks: readonly Uint8Array[];
}

export const fetched: MessageCodec<Fetched> = message<Fetched>('fetched', 42, {
  correlation,
  end: offsetField,
  chunks: list(passingChunk, wireLimits.fetchChunks),
});
