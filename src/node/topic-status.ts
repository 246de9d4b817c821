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
  readonly consumers?: readonly ConsumerReport[];
  /** Of one in quarantine: what it failed with the last time, and since when. */
  readonly error?: string;
  readonly sinceMs?: number;
}

interface ConsumerReport {
  readonly id: string;
  readonly cursor: number;
  readonly lag: number;
}

/** A replica of this node that failed again and again, and is started no more. */
export interface QuarantinedReport {
  readonly group: number;
  /** Of partitions that the directory here does not list (any more): absent. */
  readonly topic?: string;
  readonly partition?: number;
  readonly error: string;
  readonly since: string;
}

export interface StatusBounds {
  readonly statusPartitions: number;
  readonly statusConsumers: number;
}

type Consumers = ReadonlyMap<string, ConsumerReport>;

function consumersOf(report: PartitionReport | undefined): Consumers {
  return new Map((report?.consumers ?? []).map((consumer) => [consumer.id, consumer]));
}

function partitionState(
  partition: number,
  report: PartitionReport | undefined,
  consumers: Consumers,
): object {
  const end = report?.end ?? null;
  const told = [...consumers.values()];
  return {
    partition,
    leader: report?.leader ?? null,
    verdict: report?.verdict ?? null,
    end,
    consumers: told,
  };
}

function partitionStates(reports: readonly (PartitionReport | undefined)[], most: number): readonly object[] {
  const known = reports.map(consumersOf);
  const ids = new Set(known.flatMap((consumers) => [...consumers.keys()]));
  return reports.map((report, partition) => {
    const consumers = known[partition] ?? new Map<string, ConsumerReport>();
    if (report === undefined || consumers.size >= most) return partitionState(partition, report, consumers);
    // A consumer that has moved elsewhere in the topic and never here is at the beginning.
    const { first = 0, end = first } = report;
    const beginnings = [...ids].map((id) => [id, { id, cursor: first, lag: end - first }] as const);
    return partitionState(partition, report, new Map([...beginnings, ...consumers]));
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

export function quarantinedReplicas(
  topics: readonly TopicReport[],
  replicas: readonly PartitionReport[],
): readonly QuarantinedReport[] {
  return replicas.flatMap(({ group, verdict, error = '', sinceMs = 0 }) => {
    if (group === undefined || verdict !== 'quarantined') return [];
    const topic = topics.find(({ groups }) => groups.includes(group));
    const place = topic === undefined ? {} : { topic: topic.name, partition: topic.groups.indexOf(group) };
    return [{ group, ...place, error, since: new Date(sinceMs).toISOString() }];
  });
}
