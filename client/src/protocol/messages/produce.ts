/** Stores one chunk in one partition. Any number may be in flight; answers come in any order, by correlation. */
import { message, nullable, uint, type MessageCodec } from '../shape.ts';
import { acksField, correlation, keptChunk, offsetField, topicName, type Acks } from './common.ts';
import type { Offset } from '../brands.ts';

export interface Produce {
  readonly kind: 'produce';
  readonly correlation: number;
  readonly topic: string;
  readonly partition: number;
  readonly acks: Acks;
  /** A chunk of kind `records` with the producer's part filled. The receiver's own. */
  readonly chunk: Uint8Array;
}

export const produce: MessageCodec<Produce> = message<Produce>('produce', 39, {
  correlation,
  topic: topicName,
  partition: uint,
  acks: acksField,
  chunk: keptChunk,
});

/** The chunk is stored as `acks` asked; failures come as an `error` frame. */
export interface Produced {
  readonly kind: 'produced';
  readonly correlation: number;
  /** Offset of the chunk's first record; undefined for `acks: 'none'`. */
  readonly baseOffset: Offset | undefined;
}

export const produced: MessageCodec<Produced> = message<Produced>('produced', 40, {
  correlation,
  baseOffset: nullable(offsetField),
});
