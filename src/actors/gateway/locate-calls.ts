/**
 * Where partitions live: for clients that go to the leaders themselves.
 *
 * Of the groups with a replica on this node the leader is news as soon as it changes; of the others it is what somebody said once, so
 * those are asked again when they are named, for a short while.
 */
import type { GroupId, PartitionPlace, TopicPlaces } from '@callboard/client/protocol';
import type { PendingCall } from './calls.ts';
import { createdAs } from './directory-copy.ts';
import { tooManyNames } from './failures.ts';
import type { Call } from './messages.ts';
import type { GatewayParts } from './parts.ts';

type LocateCall = Extract<Call, { readonly op: 'locate' }>;

/** `mark`: what a caller names to go on from here. */
interface Wanted {
  readonly name: string;
  readonly mark: number;
}

/** Values in a frame: the array of a topic and its fields, and of each place. */
const itemsPerTopic = 4;
const itemsPerPlace = 4;

/** Questions of one call: of more groups, what is known is told. */
const mostAsked = 256;

/**
 * No names: all topics, as far as they are known. A name that is not known here is answered only after a barrier (S13).
 * A name counts once, however often it is there, and places are counted before any is looked up: an answer costs what fits a frame.
 */
export function locate(parts: GatewayParts, call: PendingCall, asked: LocateCall): void {
  const { topics, from = 0, deleting = false } = asked;
  const { metadataTopics } = parts.limits;
  const names = [...new Set(topics)];
  if (names.length > metadataTopics) {
    parts.calls.fail(call, tooManyNames(names.length, metadataTopics));
    return;
  }
  const wanted = names.map((name, mark): Wanted => ({ name, mark })).slice(from);
  const known = names.length > 0 && wanted.every(({ name }) => parts.copy.topic(name) !== undefined);
  if (known) {
    answer(parts, call, wanted, deleting);
    return;
  }
  parts.directory.barrier(call, (failed) => {
    if (failed !== undefined) parts.calls.fail(call, failed);
    else answer(parts, call, names.length > 0 ? wanted : listed(parts, from, deleting), deleting);
  });
}

function listed({ copy }: GatewayParts, from: number, deleting: boolean): readonly Wanted[] {
  return copy.topicsFrom(from, deleting).map((topic) => ({ name: topic.name, mark: createdAs(topic) }));
}

function answer(parts: GatewayParts, call: PendingCall, wanted: readonly Wanted[], deleting: boolean): void {
  const some = wanted.slice(0, fitting(parts, wanted));
  const rest = wanted[some.length]?.mark;
  askLeaders(parts, call, some, () => {
    const { topics, next = rest } = placesOfSome(parts, some, deleting);
    parts.calls.succeed(call, { op: 'locate', topics, ...(next !== undefined && { next }) });
  });
}

/** How many of them the values in a frame are enough for; the first one in any case. */
function fitting({ copy, limits }: GatewayParts, wanted: readonly Wanted[]): number {
  let items = 0;
  const end = wanted.findIndex(({ name }, at) => {
    items += itemsPerTopic + itemsPerPlace * (copy.topic(name)?.partitions.length ?? 0);
    return at > 0 && items > limits.frameArrayItems / 2;
  });
  return end < 0 ? wanted.length : end;
}

/** As many as the bytes of one frame are enough for in any case, the first one always. */
function placesOfSome(
  parts: GatewayParts,
  wanted: readonly Wanted[],
  deleting: boolean,
): { readonly topics: readonly TopicPlaces[]; readonly next?: number } {
  const topics: TopicPlaces[] = [];
  let bytes = 0;
  for (const { name, mark } of wanted) {
    const places = placesOf(parts, name, deleting);
    bytes += mostBytesOf(places);
    if (bytes > parts.limits.frameBytes / 2 && topics.length > 0) return { topics, next: mark };
    topics.push(places);
  }
  return { topics };
}

function mostBytesOf({ name, partitions }: TopicPlaces): number {
  const texts = partitions.reduce(
    (sum, { leader = '', url = '' }) => sum + leader.length + url.length + 24,
    0,
  );
  return 3 * name.length + 64 + texts;
}

/** Finds out who leads where this node cannot know, then goes on, whatever came of it. */
function askLeaders(
  parts: GatewayParts,
  call: PendingCall,
  wanted: readonly Wanted[],
  then: () => void,
): void {
  const groups = uncertain(parts, wanted);
  let left = groups.length;
  if (left === 0) {
    then();
    return;
  }
  const settled = (): void => {
    left -= 1;
    if (left === 0 && call.open) then();
  };
  for (const group of groups) parts.questions.ask(group, settled);
}

function uncertain(parts: GatewayParts, wanted: readonly Wanted[]): readonly GroupId[] {
  const { node } = parts.context.self;
  const found: GroupId[] = [];
  for (const { name } of wanted) {
    for (const { group, replicas } of parts.copy.topic(name)?.partitions ?? []) {
      if (found.length >= mostAsked) return found;
      const here = replicas.some((replica) => replica.node === node);
      if (!here || parts.leaders.leader(group) === undefined) found.push(group);
    }
  }
  return found;
}

function placesOf(parts: GatewayParts, name: string, deleting: boolean): TopicPlaces {
  const topic = parts.copy.topic(name);
  if (topic === undefined) {
    const error = deleting && parts.copy.isDeleting(name) ? 'topic_deleting' : 'topic_not_found';
    return { name, error, partitions: [] };
  }
  const partitions = topic.partitions.map(({ group }): PartitionPlace => {
    const leader = parts.leaders.leader(group);
    const url = leader === undefined ? undefined : parts.copy.urlOf(leader);
    return { group, leader, url: url === undefined ? undefined : `${url.replace(/^http/, 'ws')}/client` };
  });
  return { name, error: undefined, partitions };
}
