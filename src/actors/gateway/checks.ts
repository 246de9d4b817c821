/** The checks of the calls that name partitions, in the order of the HTTP contract. */
import type { CallError } from '@callboard/client/protocol';
import type { Topic } from '../../directory/index.ts';
import type { DirectoryCopy } from './directory-copy.ts';
import * as failures from './failures.ts';
import type { Check, ConsumerScope } from './parts.ts';

function isPartition(partition: number, topic: Topic): boolean {
  return Number.isInteger(partition) && partition >= 0 && partition < topic.partitions.length;
}

/** Final where no topic ever has it; this one may have been removed, and another of its name have more. */
export function noSuchPartition(
  partition: number,
  name: string,
  partitions: number,
): { readonly error: CallError; readonly final: boolean } {
  const final = !Number.isSafeInteger(partition) || partition < 0;
  return { error: failures.invalidPartition(partition, name, partitions), final };
}

export interface ProduceTarget {
  readonly topic: Topic;
  /** Where the record may go; more than one only if the caller left the choice. */
  readonly partitions: readonly number[];
}

export function checkProduce(
  copy: DirectoryCopy,
  call: { readonly topic: string; readonly producer: string; readonly partition: number | undefined },
): Check<ProduceTarget> {
  const topic = copy.topic(call.topic);
  if (topic === undefined) return { error: failures.topicNotFound(call.topic), final: false };
  const owner = copy.topicOfProducer(call.producer);
  if (owner !== call.topic) {
    // An id belongs to one topic for good; an unknown one may have been registered elsewhere a moment ago.
    return { error: failures.producerNotRegistered(call.producer, call.topic), final: owner !== undefined };
  }
  const { partition } = call;
  if (partition !== undefined && !isPartition(partition, topic)) {
    return noSuchPartition(partition, call.topic, topic.partitions.length);
  }
  const asked = partition === undefined ? topic.partitions.map((_, index) => index) : [partition + 0];
  const partitions = asked.filter((index) => {
    const placement = topic.partitions[index];
    return placement !== undefined && copy.hasActiveBroker(placement);
  });
  if (partitions.length === 0) {
    return { error: failures.noActiveBrokers(call.topic, partition), final: false };
  }
  return { value: { topic, partitions } };
}

/** S8: of a consumer that takes over HTTP. */
export function checkTaker(
  copy: DirectoryCopy,
  call: { readonly topic: string; readonly consumer: string; readonly partition: number | undefined },
): Check<ConsumerScope> {
  const checked = checkConsumer(copy, call);
  if ('error' in checked || copy.isRegistered(call.consumer, call.topic)) return checked;
  return { error: failures.consumerNotRegistered(call.consumer, call.topic), final: false };
}

export function checkConsumer(
  copy: DirectoryCopy,
  call: { readonly topic: string; readonly consumer: string; readonly partition: number | undefined },
): Check<ConsumerScope> {
  const { topic: name, consumer, partition } = call;
  const topic = copy.topic(name);
  if (topic === undefined) return { error: failures.topicNotFound(name), final: false };
  const partitions = topic.partitions.length;
  if (partition !== undefined && !isPartition(partition, topic)) {
    return noSuchPartition(partition, name, partitions);
  }
  const owner = copy.topicOfConsumer(consumer, name);
  if (owner !== name) {
    return { error: failures.consumerNotRegistered(consumer, name), final: owner !== undefined };
  }
  return {
    value: {
      topic: name,
      consumer,
      partition: partition === undefined ? undefined : partition + 0,
      partitions,
      groups: topic.partitions.map(({ group }) => group),
    },
  };
}
