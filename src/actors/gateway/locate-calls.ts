/**
 * Where partitions live: for clients that go to the leaders themselves.
 *
 * Of the groups with a replica on this node the leader is news as soon as it changes; of the others it is what somebody said once, so
 * those are asked again when they are named, for a short while.
 */
import type { GroupId, PartitionPlace, TopicPlaces } from '@callboard/client/protocol';
import type { PendingCall } from './calls.ts';
import { createdAs } from './directory-copy.ts';
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

/** No names: all topics, as far as they are known. A name that is not known here is answered only after a barrier (S13). */
export function locate(parts: GatewayParts, call: PendingCall, asked: LocateCall): void {
  const { topics, from = 0 } = asked;
  const names = topics.slice(from);
  const known = topics.length > 0 && names.every((name) => parts.copy.topic(name) !== undefined);
  const answer = (): void => {
    const wanted =
      topics.length > 0
        ? names.map((name, at): Wanted => ({ name, mark: from + at }))
        : parts.copy.topicsFrom(from).map((topic): Wanted => ({ name: topic.name, mark: createdAs(topic) }));
    parts.calls.succeed(call, { op: 'locate', ...placesOfSome(parts, wanted) });
  };
  if (known) {
    askLeaders(parts, call, names, answer);
    return;
  }
  parts.directory.barrier(call, (failed) => {
    if (failed === undefined) askLeaders(parts, call, names, answer);
    else parts.calls.fail(call, failed);
  });
}

/** As many as one frame holds for certain, the first one in any case. */
function placesOfSome(
  parts: GatewayParts,
  wanted: readonly Wanted[],
): { readonly topics: readonly TopicPlaces[]; readonly next?: number } {
  const { frameBytes, frameArrayItems } = parts.limits;
  const topics: TopicPlaces[] = [];
  let bytes = 0;
  let items = 0;
  for (const { name, mark } of wanted) {
    const places = placesOf(parts, name);
    bytes += mostBytesOf(places);
    items += itemsPerTopic + itemsPerPlace * places.partitions.length;
    const full = bytes > frameBytes / 2 || items > frameArrayItems / 2;
    if (full && topics.length > 0) return { topics, next: mark };
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
  names: readonly string[],
  then: () => void,
): void {
  const groups = uncertain(parts, names).slice(0, mostAsked);
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

function uncertain(parts: GatewayParts, names: readonly string[]): readonly GroupId[] {
  const { node } = parts.context.self;
  const placements = names.flatMap((name) => parts.copy.topic(name)?.partitions ?? []);
  const found = placements.filter(({ group, replicas }) => {
    const here = replicas.some((replica) => replica.node === node);
    return !here || parts.leaders.leader(group) === undefined;
  });
  return found.map(({ group }) => group);
}

function placesOf(parts: GatewayParts, name: string): TopicPlaces {
  const topic = parts.copy.topic(name);
  if (topic === undefined) return { name, error: 'topic_not_found', partitions: [] };
  const partitions = topic.partitions.map(({ group }): PartitionPlace => {
    const leader = parts.leaders.leader(group);
    const url = leader === undefined ? undefined : parts.copy.urlOf(leader);
    return { group, leader, url: url === undefined ? undefined : `${url.replace(/^http/, 'ws')}/client` };
  });
  return { name, error: undefined, partitions };
}
