/**
 * The gateway's own failures, with the actual values and what to do next. Texts that the HTTP contract fixes to the letter
 * are not here: the door writes them, by code.
 */
import { failure, type CallError, type Limits } from '@callboard/client/protocol';
import type { RateBudgetOptions } from '../../kernel/index.ts';

/** Names come from users and may be long; an error text shows enough to recognise them. */
function shown(text: string): string {
  return text.length > 80 ? `'${text.slice(0, 80)}…'` : `'${text}'`;
}

export function topicNotFound(topic: string): CallError {
  return failure('topic_not_found', {
    message: `Topic ${shown(topic)} does not exist: create it first, or look for a typing mistake in its name.`,
  });
}

/** Of a call that was on its way to the topic of this name before. */
export function topicReplaced(topic: string): CallError {
  const message = `Topic ${shown(topic)} was removed while the call was under way, and there is another one of that name now: look up what it is, and try again.`;
  return failure('unavailable', { message, outcome: 'not_applied' });
}

/** `after`: there would be room then, if nobody else took any. */
export function tooManyCreations(
  partitions: number,
  { atOnce, perSecond }: RateBudgetOptions,
  after: number,
): CallError {
  const message = `Too many partitions were created through this node: ${atOnce} at once, then ${perSecond} per second, are what it creates for its clients together, and their addresses share it. Create these ${partitions} in ${after} ms, or through another node.`;
  return failure('overloaded', { message, outcome: 'not_applied', retryAfterMs: after });
}

export function tooManyRegistrations({ atOnce, perSecond }: RateBudgetOptions, after: number): CallError {
  const message = `Too many producers and consumers were registered or opened through this node: ${atOnce} at once, then ${perSecond} per second, are what it registers for its clients together, and their addresses share it. Try again in ${after} ms, or keep the ids that you have.`;
  return failure('overloaded', { message, outcome: 'not_applied', retryAfterMs: after });
}

export function tooManyNames(names: number, limit: number): CallError {
  const message = `${names} different topics are asked for, the limit is ${limit}: ask for fewer at a time, or name none to be told of all.`;
  return failure('bad_request', { message });
}

export function producerNotRegistered(producer: string, topic: string): CallError {
  const message = `Producer ${shown(producer)} is not registered with topic ${shown(topic)}: register it first.`;
  return failure('producer_not_registered', { message });
}

export function consumerNotRegistered(consumer: string, topic: string): CallError {
  const message = `Consumer ${shown(consumer)} is not registered with topic ${shown(topic)}: register it first.`;
  return failure('consumer_not_registered', { message });
}

export function invalidPartition(partition: number, topic: string, partitions: number): CallError {
  const message = `Topic ${shown(topic)} has partitions 0 to ${partitions - 1}, not ${partition}.`;
  return failure('invalid_partition', { message });
}

export function sessionNotGiven(consumer: string, session: number): CallError {
  const message = `Consumer ${shown(consumer)} was never given the session number ${session}: open the consumer first.`;
  return failure('bad_request', { message });
}

export function sessionOver(consumer: string, session: number): CallError {
  const message = `Session ${session} is that of a consumer ${shown(consumer)} that was removed, or forgotten because nobody used it: open the consumer anew.`;
  return failure('fenced', { message });
}

export function noActiveBrokers(topic: string, partition: number | undefined): CallError {
  const where = partition === undefined ? 'every partition' : `partition ${partition}`;
  const message = `All replicas of ${where} of topic ${shown(topic)} are on inactive brokers: activate one, or try again later.`;
  return failure('no_active_brokers', { message });
}

export function emptyPartition(topic: string, partition: number | undefined): CallError {
  const where = partition === undefined ? 'any partition' : `partition ${partition}`;
  const message = `There is nothing to read on ${where} of topic ${shown(topic)} yet: try again later.`;
  return failure('empty_partition', { message });
}

/** `node`: took a record that nobody else may be given yet. */
export function takeHeld(node: string, partition: number): CallError {
  const message =
    `All other records of partition ${partition} are read, and one was taken at node ${shown(node)}, which cannot be asked what became of it: ` +
    'try again later, or remove its broker if it is gone for good.';
  return failure('unavailable', { message, outcome: 'not_applied', retryAfterMs: 1_000 });
}

export function tooManyTakes(limit: number): CallError {
  const message = `This node has ${limit} records on their way to consumers, its limit: try again later.`;
  return failure('overloaded', { message, retryAfterMs: overloadPauseMs });
}

export function recordTooLarge(bytes: number, limit: number): CallError {
  const message = `The message has ${bytes} bytes, a record holds at most ${limit}: send it in parts.`;
  return failure('record_too_large', { message });
}

export function badSequence(sequence: number): CallError {
  const message = `A sequence is a whole number from 0 and needs a partition, not ${sequence}.`;
  return failure('bad_request', { message });
}

const overloadPauseMs = 250;

export function tooManyCalls(limits: Limits): CallError {
  const message = `This node answers at most ${limits.gatewayPendingCalls} calls at a time: try again later.`;
  return failure('overloaded', { message, retryAfterMs: overloadPauseMs });
}

export function tooManyBytes(limits: Limits): CallError {
  const message = `This node holds at most ${limits.gatewayPendingBytes} bytes of calls at a time: try again later.`;
  return failure('overloaded', { message, retryAfterMs: overloadPauseMs });
}

export function managerBusy(): CallError {
  const message = 'The directory of this node has no room for another call: try again later.';
  return failure('overloaded', { message, retryAfterMs: overloadPauseMs });
}

/** A read of the directory, or a change that was never handed over, ran out of time. */
export function directorySilent(deadlineMs: number): CallError {
  const message = `The cluster's directory did not confirm within ${deadlineMs} ms: nothing was changed, try again.`;
  return failure('timeout', { message, outcome: 'not_applied' });
}

/** A change of the directory was handed over and not answered. */
export function changeUnanswered(deadlineMs: number): CallError {
  const message = `The cluster's directory did not answer within ${deadlineMs} ms: the change may still be made, look before trying again.`;
  return failure('timeout', { message, outcome: 'unknown' });
}

export function managerEnded(): CallError {
  const message =
    "This node's directory restarted during the call: the change may have been made, look before trying again.";
  return failure('unavailable', { message, outcome: 'unknown' });
}

/** Sent, and no answer in time. */
export function unanswered(group: number, node: string | undefined): CallError {
  const who = node === undefined ? 'its leader' : `node ${shown(node)}`;
  const message = `Partition group ${group} was asked at ${who} and did not answer in time: the call may still be carried out, at most once.`;
  return failure('timeout', { message, outcome: 'unknown' });
}

/** Sent, and its node is gone: nobody will answer. */
export function nodeLost(group: number, node: string): CallError {
  const message = `Node ${shown(node)} was lost, or lost its leadership, while it served partition group ${group}: the call may have been carried out, at most once.`;
  return failure('unavailable', { message, outcome: 'unknown' });
}

/** Nothing was sent that could take effect. `last`: the last refusal. */
export function noReplicaServes(group: number, last: CallError | undefined): CallError {
  if (last?.code === 'overloaded') return last;
  const why = last === undefined ? 'none was reached' : `the last answer was ${last.code}`;
  const message = `No replica of partition group ${group} served the call in time (${why}): nothing was changed, try again.`;
  return failure('unavailable', { message, outcome: 'not_applied' });
}

/** Waited behind other records of its partition and was never sent. */
export function neverSent(group: number, deadlineMs: number): CallError {
  const message = `The message waited ${deadlineMs} ms for partition group ${group} and was not sent: it will not be stored, try again.`;
  return failure('timeout', { message, outcome: 'not_applied' });
}

export function sendRefused(result: 'full' | 'gone', node: string): CallError {
  if (result === 'full') {
    const message = `Node ${shown(node)} takes no more calls for now: try again later.`;
    return failure('overloaded', { message, retryAfterMs: overloadPauseMs });
  }
  return failure('unavailable', { message: `Node ${shown(node)} cannot be reached: try again later.` });
}

/** The same failure, when an earlier attempt of the same call may yet have taken effect. */
export function inDoubt(error: CallError): CallError {
  return error.outcome === 'unknown' ? error : { ...error, outcome: 'unknown' };
}
