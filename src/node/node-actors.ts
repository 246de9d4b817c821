/**
 * The actors of one node, wired to its store. Shared by production and the simulator: everything real comes in through
 * `system` (with its ports) and `store`.
 */
import { Beats } from '../actors/beats/beats.ts';
import { beatsActorId } from '../actors/beats/messages.ts';
import { Roster } from '../actors/beats/roster.ts';
import { Gateway, gatewayActorId, gatewaySpawnOptions } from '../actors/gateway/index.ts';
import type { GroupMember } from '../actors/group/messages.ts';
import { HealthChecker } from '../actors/health-checker/health-checker.ts';
import { healthCheckerActorId } from '../actors/health-checker/messages.ts';
import { LogReader } from '../actors/log-reader/log-reader.ts';
import { logReaderActorId } from '../actors/log-reader/messages.ts';
import { LogWriter } from '../actors/log-writer/log-writer.ts';
import { logWriterActorId } from '../actors/log-writer/messages.ts';
import { Manager } from '../actors/manager/manager.ts';
import { managerActorId } from '../actors/manager/messages.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../actors/partition-replica/messages.ts';
import { MemoryCopy } from '../actors/partition-replica/memory-copy.ts';
import { QuarantinedReplica } from '../actors/partition-replica/quarantined.ts';
import { PartitionReplica } from '../actors/partition-replica/replica.ts';
import { ScrubberActor, scrubberActorId } from '../actors/scrubber/scrubber.ts';
import { peerLinkActorId } from '../actors/peer-link/messages.ts';
import { PeerLink } from '../actors/peer-link/peer-link.ts';
import type { Actor, ActorSystem, Checksum, RestartPolicy } from '../kernel/index.ts';
import type { LogStore } from '../raft/index.ts';
import { Scrubber } from '../storage/scrubber.ts';
import {
  firstOffsetOf,
  type GroupId,
  type Limits,
  type LogIndex,
  type TopicStorage,
} from '@callboard/client/protocol';

export interface NodeActorsOptions {
  readonly system: ActorSystem;
  readonly store: LogStore;
  readonly name: string;
  /** All nodes named at the start, this one included, in the order given. */
  readonly nodes: readonly string[];
  /** Where clients reach this node. */
  readonly url: string;
  readonly limits: Limits;
  readonly crc32: Checksum;
  readonly manualBrokers: boolean;
  readonly unusedDays: number;
  /** Of topics whose creator does not say; on disk unless given. */
  readonly defaultStorage?: TopicStorage;
  onClusterId(id: string): void;
}

/** A replica that finds damage ends and opens its log anew, which may happen several times in a row. */
const managerRestarts: RestartPolicy = { firstDelayMs: 50, maxDelayMs: 2_000, budget: 20, windowMs: 60_000 };
/**
 * A node has thousands of partitions, and each has replicas elsewhere: one that cannot stay up must not take the others with it. The
 * window is long, since one that fails at each commit fails only once per election.
 */
const replicaRestarts: RestartPolicy = {
  firstDelayMs: 50,
  maxDelayMs: 2_000,
  budget: 6,
  windowMs: 600_000,
  spent: 'quarantine',
};
const shellRestarts: RestartPolicy = { firstDelayMs: 50, maxDelayMs: 2_000, budget: 10, windowMs: 60_000 };

export function startNodeActors(options: NodeActorsOptions): void {
  const { system, store, name, nodes, url, limits, crc32, manualBrokers, unusedDays } = options;
  system.spawn(
    logWriterActorId,
    () =>
      new LogWriter({ store, batchEntries: limits.writerBatchEntries, batchBytes: limits.writerBatchBytes }),
    // The last batch of a failed store is in doubt: only a new process may go on.
    { restart: 'escalate' },
  );
  // Replicas wait for what these two owe them, and would wait for ever on a successor that knows nothing of it.
  system.spawn(logReaderActorId, () => new LogReader({ store, readsInFlight: limits.readsInFlight }), {
    restart: 'escalate',
  });
  system.spawn(peerLinkActorId, () => new PeerLink(), { restart: 'escalate' });
  const givenUp = new Set<GroupId>();
  const roster = new Roster();
  const spawnReplica = replicaSpawner(options, givenUp, roster);
  system.spawn(beatsActorId, () => new Beats({ roster, limits }), { restart: shellRestarts });
  system.spawn(
    managerActorId,
    () =>
      new Manager({
        named: nodes,
        replica: store.journalId,
        startCount: store.startCount,
        url,
        manual: manualBrokers,
        unusedDays,
        limits,
        crc32,
        founders: () => store.document('founders'),
        births: () => store.replicas(),
        diedUpTo: () => store.diedUpTo,
        onClusterId: (id) => options.onClusterId(id),
        givenUp,
        spawnReplica,
        noReserve: () => store.spaceSpent(),
      }),
    { restart: managerRestarts },
  );
  system.spawn(
    healthCheckerActorId,
    () => new HealthChecker({ node: name, replica: store.journalId, limits }),
    {
      restart: shellRestarts,
    },
  );
  system.spawn(
    gatewayActorId,
    () => new Gateway({ limits, crc32, defaultStorage: options.defaultStorage ?? 'disk' }),
    {
      restart: shellRestarts,
      ...gatewaySpawnOptions(limits),
    },
  );
  startScrubber(options);
}

/** Sound replicas only: a damaged one is being read and mended anyway. */
function startScrubber({ system, store, limits }: NodeActorsOptions): void {
  const lastOf = (group: GroupId): LogIndex | undefined => {
    const details = system.inspectOne(group === 0 ? managerActorId : partitionActorId(group))?.details;
    const sound = details?.['verdict'] === 'clean';
    return sound ? (details?.['durable'] as LogIndex | undefined) : undefined;
  };
  const scrubber = new Scrubber({
    store,
    groups: () => store.replicas().map((birth) => birth.group),
    last: lastOf,
    pageBytes: limits.scrubPageBytes,
    pageEntries: 1_024,
  });
  system.spawn(
    scrubberActorId,
    () =>
      new ScrubberActor({
        step: (done) => scrubber.step(done),
        pageEveryMs: limits.scrubPageEveryMs,
        passEveryMs: limits.scrubPassEveryMs,
      }),
    { restart: shellRestarts },
  );
}

function replicaSpawner(options: NodeActorsOptions, givenUp: Set<GroupId>, roster: Roster) {
  const { system, store, limits, crc32 } = options;
  const budget = { bytes: 0 };
  return (
    group: GroupId,
    members: readonly GroupMember[],
    preferred: boolean,
    generation: number | undefined,
  ): void => {
    const id = partitionActorId(group);
    const { journalId: self, startCount } = store;
    const shared = { group, members, self, startCount, limits, crc32, budget, roster };
    const make = (): Actor<PartitionReplicaMessage> =>
      generation === undefined
        ? new PartitionReplica({
            ...shared,
            noRoom: () => (store.lowSpace() ? 'low_disk_space' : undefined),
            noReserve: () => (store.spaceSpent() ? 'low_disk_space' : undefined),
          })
        : new MemoryCopy(
            {
              ...shared,
              firstOffset: firstOffsetOf(generation),
              noRoom: () => (store.memoryFull() ? 'memory_full' : undefined),
              noReserve: () => (store.memorySpent() ? 'memory_full' : undefined),
            },
            givenUp,
          );
    const running = system.find<PartitionReplicaMessage>(id);
    const stored = generation === undefined ? {} : ({ storage: 'memory' } as const);
    const replica =
      running ??
      system.spawn<PartitionReplicaMessage>(id, make, {
        restart: replicaRestarts,
        standIn: (quarantine) => new QuarantinedReplica({ group, ...stored }, quarantine),
      });
    if (running !== undefined) system.send(replica, { kind: 'report-leadership' }, 'control');
    if (preferred) system.send(replica, { kind: 'campaign' }, 'control');
  };
}
