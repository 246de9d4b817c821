/** Fields that several actor messages share on the wire between nodes. */
import type { Ref } from '../kernel/index.ts';
import {
  bool,
  branded,
  errorCode,
  optional,
  oneOf,
  str,
  struct,
  text,
  uint,
  type CallError,
  type Codec,
  type Offset,
  type Position,
} from '@callboard/client/protocol';

export const name: Codec<string> = str(256);
export const offsetField: Codec<Offset> = branded<Offset>();

/** Only the address travels; what the actor there takes is a promise of the sender's code. */
export const ref: Codec<Ref<never>> = struct<{ node: string; shard: number; id: string }>({
  node: name,
  shard: uint,
  id: name,
});

export const callError: Codec<CallError> = struct<CallError>({
  code: errorCode,
  message: text(4_096),
  outcome: oneOf(['applied', 'not_applied', 'unknown']),
  retriable: bool,
  retryAfterMs: optional(uint),
  nextEpoch: optional(uint),
});

export const positionField: Codec<Position> = struct<Position>({
  at: oneOf(['earliest', 'latest', 'offset', 'time']),
  value: uint,
});
