/**
 * What `/status/topics` says: topics, how far each partition goes, and who reads it, as this node's own replicas have it. No other
 * node is asked, so it costs little and works without a majority; a follower may be a moment behind.
 */

export interface TopicReport {
  readonly name: string;
  readonly state: string;
  /** By partition number. */
  readonly groups: readonly number[];
}

export interface PartitionReport {
  readonly group?: number;
  readonly verdict?: string;
  readonly leader?: string;
  readonly end?: number;
  readonly consumers?: readonly { readonly id: string; readonly cursor: number }[];
}

function partitionState(partition: number, report: PartitionReport | undefined): object {
  const end = report?.end ?? null;
  const consumers = (report?.consumers ?? []).map(({ id, cursor }) => {
    return { id, cursor, lag: Math.max(0, (end ?? 0) - cursor) };
  });
  return { partition, leader: report?.leader ?? null, verdict: report?.verdict ?? null, end, consumers };
}

/** At most so many partitions are told of; topics that do not fit any more are counted as `omitted`. */
export function topicStates(
  topics: readonly TopicReport[],
  reports: readonly PartitionReport[],
  mostPartitions: number,
): { readonly topics: readonly object[]; readonly omitted: number } {
  const byGroup = new Map(reports.map((report) => [report.group, report]));
  const ready = topics.filter(({ state }) => state === 'ready');
  const told: object[] = [];
  let room = mostPartitions;
  for (const { name, groups } of ready) {
    room -= groups.length;
    if (room < 0) break;
    const partitions = groups.map((group, partition) => partitionState(partition, byGroup.get(group)));
    told.push({ name, partitions });
  }
  return { topics: told, omitted: ready.length - told.length };
}
