/** The directory's refusals. All are decided when a command is applied, so nothing was or will be changed by it. */
import { failure, type CallError } from '@callboard/client/protocol';
import type { DirectoryResult } from './contract.ts';
import type { RemovalProgress } from './removals.ts';

function refuse(error: CallError): DirectoryResult {
  return { ok: false, error };
}

/** Names come from users and may be long; an error text shows enough to recognise them. */
function shown(text: string): string {
  return text.length > 80 ? `'${text.slice(0, 80)}…'` : `'${text}'`;
}

export function badTopicName(name: string, maxBytes: number): DirectoryResult {
  const message = `Topic name ${shown(name)} is not valid: use 1 to ${maxBytes} of letters, digits, '.', '_', '-' and ':', not only dots.`;
  return refuse(failure('bad_request', { message }));
}

export function badPartitions(partitions: number, most: number): DirectoryResult {
  return refuse(
    failure('bad_request', { message: `A topic has 1 to ${most} partitions, not ${partitions}.` }),
  );
}

export function badBrokerName(name: string, maxBytes: number): DirectoryResult {
  const message = `Broker name ${shown(name)} is not valid: use 1 to ${maxBytes} printable characters.`;
  return refuse(failure('bad_request', { message }));
}

export function badConsumerName(name: string, maxBytes: number): DirectoryResult {
  const message = `Consumer ${shown(name)} is not valid: use 1 to ${maxBytes} printable characters.`;
  return refuse(failure('bad_request', { message }));
}

export function badId(id: string): DirectoryResult {
  return refuse(
    failure('bad_request', { message: `Id ${shown(id)} is not 32 lower-case hexadecimal characters.` }),
  );
}

export function badOpener(opener: string): DirectoryResult {
  return refuse(
    failure('bad_request', {
      message: `Opener ${shown(opener)} is not 32 lower-case hexadecimal characters.`,
    }),
  );
}

export function noConsumer(id: string, topic: string): DirectoryResult {
  const message = `Topic ${shown(topic)} has no consumer ${shown(id)}: look for a typing mistake; it may have been removed already.`;
  return refuse(failure('consumer_not_registered', { message }));
}

export function noProducer(id: string, topic: string): DirectoryResult {
  const message = `Topic ${shown(topic)} has no producer ${shown(id)}: look for a typing mistake; it may have been removed already.`;
  return refuse(failure('producer_not_registered', { message }));
}

export function idInUse(id: string, topic: string): DirectoryResult {
  const message = `Id ${shown(id)} belongs to topic ${shown(topic)} already: draw another one.`;
  return refuse(failure('bad_request', { message }));
}

export function topicExists(name: string): DirectoryResult {
  return refuse(failure('topic_exists', { message: `Topic ${shown(name)} already exists.` }));
}

export function topicNotFound(name: string): DirectoryResult {
  return refuse(
    failure('topic_not_found', {
      message: `Topic ${shown(name)} does not exist: create it first, or look for a typing mistake in its name.`,
    }),
  );
}

/** At most so many names of brokers in one text. */
const mostNames = 8;

/** Brokers by name; the text of an error stays readable however many there are. */
export function namesText(names: readonly string[]): string {
  const told = names.slice(0, mostNames).map(shown).join(', ');
  return names.length > mostNames ? `${told} and ${names.length - mostNames} more` : told;
}

/** How far a removal is, and what an operator can do. */
export function removalText(name: string, { partitions, over, waitsFor }: RemovalProgress): string {
  return (
    `${over} of ${partitions} partitions are deleted for good, the others wait for ${namesText(waitsFor)}. ` +
    'It goes on by itself as these can be reached. One that is gone for good: ' +
    `\`callboard admin broker remove NAME\`, then \`callboard topic rm ${name.slice(0, 80)} --force\`.`
  );
}

export function topicDeleting(name: string, progress: RemovalProgress): DirectoryResult {
  const message = `Topic ${shown(name)} is being deleted, and its name is free only after that: ${removalText(name, progress)}`;
  return refuse(failure('topic_deleting', { message }));
}

export function brokersNotRemoved(name: string, missing: readonly string[]): DirectoryResult {
  const message =
    `The removal of topic ${shown(name)} cannot be forced: it waits for ${namesText(missing)}, which no admin has removed. ` +
    'Bring them back, or remove those that are gone for good with `callboard admin broker remove NAME` first.';
  return refuse(failure('broker_not_removed', { message }));
}

export function notEnoughBrokers(): DirectoryResult {
  return refuse(failure('not_enough_brokers', { message: 'Not enough active brokers.' }));
}

export function brokerExists(name: string): DirectoryResult {
  return refuse(failure('broker_exists', { message: `Broker ${shown(name)} already exists.` }));
}

export function brokerNotFound(name: string): DirectoryResult {
  return refuse(
    failure('broker_not_found', {
      message: `Broker ${shown(name)} does not exist: add it first, or look for a typing mistake in its name.`,
    }),
  );
}

export function limitReached(what: string, limit: number): DirectoryResult {
  return refuse(failure('limit_reached', { message: `The cluster holds at most ${limit} ${what}.` }));
}
