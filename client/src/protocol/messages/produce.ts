/** Stores one chunk in one partition. Any number may be in flight; answers come in any order, by correlation. */
import { message, nullable, optional, uint, type MessageCodec } from '../shape.ts';
import {
  acksField,
  correlation,
  groupField,
  keptChunk,
  offsetField,
  topicName,
  type Acks,
} from './common.ts';
import type { GroupId, Offset } from '../brands.ts';

export interface Produce {
  readonly kind: 'produce';
  readonly correlation: number;
  readonly topic: string;
  readonly partition: number;
  /**
   * The partition's group as the sender learned it. A chunk that was meant for one that is no more is refused with
   * `producer_expired`: its first try may be stored there, and a topic of the same name must not store it again.
   */
  readonly group?: GroupId;
  readonly acks: Acks;
  /** A chunk of kind `records` with the producer's part filled. The receiver's own. */
  readonly chunk: Uint8Array;
}

export const produce: MessageCodec<Produce> = message<Produce>('produce', 39, {
  correlation,
  topic: topicName,
  partition: uint,
  group: optional(groupField),
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
