/** What operators may see of this node: the kernel's counters and the actors' own reports. */
import type { AdminPort, DirectoryReport } from '../actors/admin/index.ts';
import { managerActorId } from '../actors/manager/messages.ts';
import type { ActorInfo, ActorSystem } from '../kernel/index.ts';
import type { NodeFacts, RemovalRow } from '@callboard/client/protocol';
import { readVersion } from './version.ts';

/** The part of a node's status that its process knows and its actors do not. */
export interface ProcessFacts {
  readonly ready: boolean;
  readonly healthy: boolean;
}

interface ManagerDetails {
  readonly role?: string;
  readonly term?: number;
  readonly applied?: number;
  readonly clusterId?: string;
  readonly leader?: string;
  readonly topics?: readonly { readonly state: string; readonly groups: readonly number[] }[];
  readonly deleting?: readonly ({ readonly name: string } & Omit<RemovalRow, 'topic'>)[];
  readonly brokers?: DirectoryReport['brokers'];
}

interface ReplicaDetails {
  readonly role?: string;
  readonly verdict?: string;
}

function sum(infos: readonly ActorInfo[], of: (info: ActorInfo) => number): number {
  return infos.reduce((total, info) => total + of(info), 0);
}

function directoryOf({
  clusterId,
  leader,
  topics = [],
  deleting = [],
  brokers = [],
}: ManagerDetails): DirectoryReport {
  const ready = topics.filter(({ state }) => state === 'ready');
  return {
    clusterId,
    primary: leader,
    topics: ready.length,
    partitions: ready.reduce((total, { groups }) => total + groups.length, 0),
    removals: deleting.map(({ name: topic, partitions, over, waitsFor }) => {
      return { topic, partitions, over, waitsFor };
    }),
    brokers: brokers.map(({ name, url, state }) => ({ name, url, state })),
  };
}

export function adminPort(
  system: ActorSystem,
  nodes: readonly string[],
  processFacts: () => ProcessFacts,
): AdminPort {
  const version = readVersion();
  const manager = (): ManagerDetails => system.inspectOne(managerActorId)?.details ?? {};
  const facts = (): NodeFacts => {
    const actors = system.inspect();
    const { role = 'none', term = 0, applied = 0 } = manager();
    const replicas = actors.filter(({ id }) => id.startsWith('partition/'));
    const like = (test: (details: ReplicaDetails) => boolean): number =>
      replicas.filter(({ details }) => test(details)).length;
    return {
      version,
      ...processFacts(),
      role,
      term,
      applied,
      replicas: replicas.length,
      leading: like((details) => details.role === 'leader'),
      damaged: like(({ verdict }) => verdict !== 'clean' && verdict !== 'opening'),
      actors: actors.length,
      restarts: sum(actors, ({ restarts }) => restarts),
      waiting: sum(actors, ({ control, data }) => control + data),
      rssBytes: process.memoryUsage.rss(),
      uptimeSeconds: Math.round(process.uptime()),
    };
  };
  return {
    nodes,
    facts,
    directory: () => directoryOf(manager()),
    actors: () => system.inspect(),
    actor: (id) => system.inspectOne(id),
    tap: (id, messages, listener) => system.tap(id, messages, listener),
    untap: (id) => system.untap(id),
  };
}
