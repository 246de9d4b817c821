/** One subscription as the leader of its partition sees it. */
import type { Ref } from '../../kernel/index.ts';
import { formatAddress } from '../../kernel/index.ts';
import type { LogIndex, Offset, SessionOf } from '@callboard/client/protocol';
import type { PushNews, PushPull } from './push-messages.ts';

export interface Subscription {
  readonly id: number;
  readonly replyTo: Ref<PushNews>;
  readonly owner: SessionOf | undefined;
  readonly address: string;
  /** The next offset to deliver: everything below was handed over. */
  next: Offset;
  /** The entry after the last one that was handed over; undefined: not known. */
  at: LogIndex | undefined;
  /** The end of the log that the subscriber was last told. */
  told: Offset;
  pull: Pick<PushPull, 'records' | 'bytes'> | undefined;
  /** A read for the open pull is under way. */
  reading: boolean;
}

/** What a subscription is found by: its subscriber's address and number. */
export function subscriptionKey({
  id,
  replyTo,
}: {
  readonly id: number;
  readonly replyTo: Ref<PushNews>;
}): string {
  return `${formatAddress(replyTo)} ${id}`;
}
