/** The messages of subscriptions on the wire between nodes: a client's session here, its partition's leader there. */
import type { Ref } from '../kernel/index.ts';
import {
  bin,
  bool,
  list,
  maxChunkBytes,
  message,
  nullable,
  optional,
  str,
  struct,
  uint,
  type Codec,
  type Limits,
  type MessageCodec,
  type SessionOf,
} from '@callboard/client/protocol';
import type * as push from './partition-replica/push-messages.ts';
import { callError, name, offsetField, positionField, ref } from './wire-fields.ts';

const replyTo = ref as unknown as Codec<Ref<push.PushNews>>;
const owner: Codec<SessionOf> = struct<SessionOf>({ consumer: name, session: uint });

type Codecs<M extends { readonly kind: string }> = {
  readonly [K in M['kind']]: MessageCodec<Extract<M, { readonly kind: K }>>;
};

/** To a partition: 24 to 31. */
export const pushRequestParts: Codecs<push.PushRequest> = {
  'push-open': message<push.PushOpen>('push-open', 24, {
    id: uint,
    replyTo,
    owner: nullable(owner),
    start: positionField,
    reset: bool,
    address: optional(str(255)),
    since: optional(uint),
  }),
  'push-pull': message<push.PushPull>('push-pull', 25, { id: uint, replyTo, records: uint, bytes: uint }),
  'push-ack': message<push.PushAck>('push-ack', 26, { id: uint, replyTo, upTo: offsetField }),
  'push-close': message<push.PushClose>('push-close', 27, { id: uint, replyTo }),
};

/** To a subscriber: 16 to 31. */
export function pushNewsParts(limits: Limits): Codecs<push.PushNews> {
  // Copied: what waits for a slow client must not keep the frame of others alive.
  const chunk = bin(maxChunkBytes(limits), { copy: true });
  return {
    'push-opened': message<push.PushOpened>('push-opened', 16, {
      id: uint,
      offset: offsetField,
      end: offsetField,
    }),
    'push-ready': message<push.PushReady>('push-ready', 17, { id: uint, end: offsetField }),
    pushed: message<push.Pushed>('pushed', 18, {
      id: uint,
      end: offsetField,
      next: offsetField,
      records: uint,
      chunks: list(chunk, limits.pushPullChunks),
    }),
    'push-acked': message<push.PushAcked>('push-acked', 19, { id: uint, cursor: offsetField }),
    'push-ack-refused': message<push.PushAckRefused>('push-ack-refused', 20, { id: uint, error: callError }),
    'push-ended': message<push.PushEnded>('push-ended', 21, {
      id: uint,
      error: callError,
      leader: nullable(name),
    }),
  };
}
