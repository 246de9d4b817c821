/** The failures that a client's session itself answers, with the actual values and what to do next. */
import { failure, type CallError } from '@callboard/client/protocol';
import type { RateBudgetOptions } from '../../kernel/index.ts';

const pauseMs = 50;

/** A message was not taken: nothing came of it. */
export function busy(why: 'full' | 'gone', node: string): CallError {
  if (why === 'full') {
    const message = `node '${node}' has too many calls waiting; try again later`;
    return failure('overloaded', { message, retryAfterMs: pauseMs });
  }
  const message = `node '${node}' cannot be reached, or is starting or stopping; try again`;
  return failure('unavailable', { message, retryAfterMs: pauseMs });
}

export function tooManyPending(most: number): CallError {
  const message = `${most} calls of this connection wait for their answers, its limit; await some before sending more`;
  return failure('overloaded', { message, retryAfterMs: pauseMs });
}

export function tooManySubscribed(most: number): CallError {
  const message = `this connection has ${most} subscriptions, its limit; end some, or open another connection`;
  return failure('limit_reached', { message });
}

export function tooManyOfAddress(own: number, most: number): CallError {
  const message = `this node may have ${most} subscriptions, and has ${own} of your address, all that may be of one now; end some, or go through another node`;
  return failure('limit_reached', { message });
}

export function tooManyAcks(most: number): CallError {
  const message = `${most} acks of this connection wait for their answers, its limit; acknowledge more records at a time`;
  return failure('overloaded', { message, retryAfterMs: pauseMs });
}

/** Of a fetch that was not carried out. */
export function notRead(afterMs: number): CallError {
  const message = `for ${afterMs} ms this connection, or others of its address, did not read what was sent before, so that there was no room for an answer; read on, then try again`;
  return failure('overloaded', { message, retryAfterMs: pauseMs });
}

export function tooManyOpens({ atOnce, perSecond }: RateBudgetOptions, after: number): CallError {
  const message = `this connection opened more consumers than it may: ${atOnce} at once, then ${perSecond} per second; keep them open, or try again in ${after} ms`;
  return failure('overloaded', { message, retryAfterMs: after });
}

export function tooManyProducers({ atOnce, perSecond }: RateBudgetOptions, after: number): CallError {
  const message = `this connection sends under more producer ids than it may: ${atOnce} at once, then ${perSecond} new ones per second; go on under those that it has, or try again in ${after} ms`;
  return failure('overloaded', { message, retryAfterMs: after });
}

export function notOpen(subscription: number, why: string): CallError {
  return failure('bad_request', { message: `subscription ${subscription} ${why}` });
}

export function overAcked(upTo: number, delivered: number, durable: boolean): CallError {
  const message = durable
    ? `an ack up to ${upTo} is beyond what was delivered, which ends at ${delivered}; acknowledge what was received`
    : 'an anonymous reader has no cursor to move; subscribe as a consumer to acknowledge';
  return failure('bad_request', { message });
}

export function lostSubscription(node: string): CallError {
  const message = `the connection to node '${node}', which served this subscription, was lost; subscribe again`;
  return failure('unavailable', { message, outcome: 'not_applied' });
}

/** The link to the node that was asked is gone: nobody will answer. */
export function lostCall(node: string, changes: boolean): CallError {
  const message = changes
    ? `the connection to node '${node}' was lost while it carried out the call; repeat it with the same producer id, epoch and sequence`
    : `the connection to node '${node}' was lost during the call; try again`;
  return failure('unavailable', { message, outcome: changes ? 'unknown' : 'not_applied' });
}

export function lateCall(node: string, afterMs: number, changes: boolean): CallError {
  const message = changes
    ? `node '${node}' did not answer within ${afterMs} ms; repeat the call with the same producer id, epoch and sequence`
    : `node '${node}' did not answer within ${afterMs} ms; try again`;
  return failure('timeout', { message, outcome: changes ? 'unknown' : 'not_applied' });
}

/** The partition that a producer learned of is no more; another has its name. */
export function groupGone(topic: string, partition: number): CallError {
  const message = `partition ${partition} of '${topic}' is not the one that this producer began with: the topic was removed and created again, or its copies in memory were lost; look it up and begin there with a newer epoch at sequence 0`;
  return failure('producer_expired', { message });
}

/** The client knows of a partition that this node has not heard of yet. */
export function groupUnheard(topic: string, partition: number): CallError {
  const message = `this node does not know yet that partition ${partition} of '${topic}' was begun anew; try again`;
  return failure('unavailable', { message, retryAfterMs: pauseMs });
}

/** Another replica may lead: the next call is told. */
export function quarantinedThere({ message }: CallError, node: string | undefined): CallError {
  const where = node === undefined ? 'the replica that was asked' : `the replica on node '${node}'`;
  return failure('not_leader', {
    message: `${where} does not serve: ${message}; try again`,
    retryAfterMs: 1,
  });
}

/** This node's gateway failed with the call in its hands; another takes its place at once. */
export function gatewayLost(changes: boolean): CallError {
  const message = changes
    ? 'a part of this node failed while it carried out the call: the change may have been made, look before trying again'
    : 'a part of this node failed during the call; try again';
  const outcome = changes ? 'unknown' : 'not_applied';
  return failure('unavailable', { message, outcome, retryAfterMs: pauseMs });
}

/** This node's gateway lives and owes an answer. */
export function gatewaySilent(afterMs: number, changes: boolean): CallError {
  const message = changes
    ? `this node did not answer within ${afterMs} ms: the change may have been made, look before trying again`
    : `this node did not answer within ${afterMs} ms; try again`;
  return failure('timeout', { message, outcome: changes ? 'unknown' : 'not_applied' });
}

/** This node's admin failed with the question in its hands; questions change nothing. */
export function adminFailed(): CallError {
  const message = 'the admin of this node failed before it answered, and starts again; try again';
  return failure('unavailable', { message, outcome: 'not_applied', retryAfterMs: pauseMs });
}
