/** Why a subscription ends or does not begin, and why an ack is refused. */
import type { Attached, Reset } from '../../partition/index.ts';
import { failure, type CallError, type SessionOf } from '@callboard/client/protocol';
import type { PushOpen } from './push-messages.ts';

export function fencedError(owner: SessionOf | undefined, reset?: Reset): CallError {
  const who =
    owner === undefined ? 'the consumer' : `session ${owner.session} of consumer '${owner.consumer}'`;
  if (reset !== undefined) {
    const { session, from, to } = reset;
    const what = to > from ? `${to - from} records are skipped` : `${from - to} records come again`;
    const message = `session ${session} has taken over from ${who} and moved its cursor from ${from} to ${to}, so that ${what}; find out who did so, then open the consumer again and seek to where it should go on`;
    return failure('fenced', { message });
  }
  const message = `a newer session, or a call over HTTP, has taken over from ${who}; stop this one, or open the consumer again to take it back`;
  return failure('fenced', { message });
}

/** No newer session: this one has subscribed again, over another connection. */
export function replacedError(): CallError {
  const message =
    'another subscription of the same session has taken the place of this one; subscribe again if it is gone';
  return failure('unavailable', { message, outcome: 'not_applied' });
}

export function deposedError(leader: string | undefined): CallError {
  const where = leader === undefined ? 'no new leader is known yet' : `node '${leader}' leads now`;
  return failure('not_leader', {
    message: `this replica stopped leading the partition: ${where}; subscribe again`,
    outcome: 'not_applied',
  });
}

export function tooManySubscriptions(most: number, own: number): CallError {
  const message = `this partition may have ${most} subscriptions, and has ${own} of your address, all that may be of one now; end some that are not used`;
  return failure('limit_reached', { message });
}

export function notDeliveredError(upTo: number, delivered: number): CallError {
  const message = `an ack up to ${upTo} is beyond what was delivered, which ends at ${delivered}; acknowledge what was received`;
  return failure('bad_request', { message });
}

export function attachError(
  { owner, start }: PushOpen,
  result: Exclude<Attached, { readonly ok: true }>,
): CallError {
  switch (result.why) {
    case 'fenced':
      return fencedError(owner, result.reset);
    case 'beyond-end': {
      const message = `offset ${start.value} is above the end of the partition, ${result.end}; begin at most there`;
      return failure('bad_request', { message });
    }
    case 'table-full': {
      const message = `this partition keeps ${result.limit} consumers, its limit; use fewer consumer ids`;
      return failure('limit_reached', { message });
    }
  }
}
