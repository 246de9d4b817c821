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
  /** Of replicas in memory. */
  readonly storage?: 'memory';
  readonly group?: number;
  readonly verdict?: string;
  readonly leader?: string;
  /** Offset of the first record: above 0 where a partition in memory was begun anew. */
  readonly first?: number;
  readonly end?: number;
  readonly consumers?: readonly { readonly id: string; readonly cursor: number }[];
}

export interface StatusBounds {
  readonly statusPartitions: number;
  readonly statusConsumers: number;
}

type Cursors = ReadonlyMap<string, number>;

function cursorsOf(report: PartitionReport | undefined): Cursors {
  return new Map((report?.consumers ?? []).map(({ id, cursor }) => [id, cursor]));
}

function partitionState(partition: number, report: PartitionReport | undefined, cursors: Cursors): object {
  const end = report?.end ?? null;
  const consumers = [...cursors].map(([id, cursor]) => {
    return { id, cursor, lag: Math.max(0, (end ?? 0) - cursor) };
  });
  return { partition, leader: report?.leader ?? null, verdict: report?.verdict ?? null, end, consumers };
}

function partitionStates(reports: readonly (PartitionReport | undefined)[], most: number): readonly object[] {
  const known = reports.map(cursorsOf);
  const consumers = new Set(known.flatMap((cursors) => [...cursors.keys()]));
  return reports.map((report, partition) => {
    const cursors = known[partition] ?? new Map<string, number>();
    if (report === undefined || cursors.size >= most) return partitionState(partition, report, cursors);
    // A consumer that has moved elsewhere in the topic and never here is at the beginning.
    const beginnings = [...consumers].map((id) => [id, report.first ?? 0] as const);
    return partitionState(partition, report, new Map([...beginnings, ...cursors]));
  });
}

export interface TopicPage {
  /** In the order of their names. */
  readonly topics: readonly object[];
  /** Topics that follow and are not told of, because the page is full. */
  readonly omitted: number;
  /** Name of the last topic told of, to ask for those behind it; null: nothing follows. */
  readonly next: string | null;
}

/** One page: the topics behind `after`, as many as the bound on partitions takes, one in any case. */
export function topicStates(
  topics: readonly TopicReport[],
  reports: readonly PartitionReport[],
  bounds: StatusBounds,
  after: string,
): TopicPage {
  const byGroup = new Map(reports.map((report) => [report.group, report]));
  const ready = topics
    .filter(({ state, name }) => state === 'ready' && name > after)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const told: object[] = [];
  let room = bounds.statusPartitions;
  let next: string | null = null;
  for (const { name, groups } of ready) {
    room -= groups.length;
    if (room < 0 && told.length > 0) break;
    next = name;
    const here = groups.map((group) => byGroup.get(group));
    told.push({ name, partitions: partitionStates(here, bounds.statusConsumers) });
  }
  const omitted = ready.length - told.length;
  return { topics: told, omitted, next: omitted > 0 ? next : null };
}
