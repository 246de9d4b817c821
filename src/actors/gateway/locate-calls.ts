/** Where partitions live: for client sessions, whose clients go to the leaders themselves. */
import type { PartitionPlace, TopicPlaces } from '@callboard/client/protocol';
import type { PendingCall } from './calls.ts';
import type { GatewayParts } from './parts.ts';

/** No names: all topics. A name that is not known here is answered only after a barrier (S13). */
export function locate(parts: GatewayParts, call: PendingCall, names: readonly string[]): void {
  const known = names.length > 0 && names.every((name) => parts.copy.topic(name) !== undefined);
  const answer = (): void => {
    const wanted = names.length > 0 ? names : parts.copy.topicNames();
    parts.calls.succeed(call, { op: 'locate', topics: wanted.map((name) => placesOf(parts, name)) });
  };
  if (known) {
    answer();
    return;
  }
  parts.directory.barrier(call, (failed) => {
    if (failed === undefined) answer();
    else parts.calls.fail(call, failed);
  });
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
