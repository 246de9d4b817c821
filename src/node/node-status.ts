/** What `/status`, `/readyz` and `/healthz` say of this node, from the actors' own reports. */
import { gatewayActorId } from '../actors/gateway/messages.ts';
import { healthCheckerActorId } from '../actors/health-checker/messages.ts';
import { logWriterActorId } from '../actors/log-writer/messages.ts';
import { managerActorId } from '../actors/manager/messages.ts';
import type { ActorInfo, ActorSystem, Clock } from '../kernel/index.ts';
import type { LogStore } from '../raft/index.ts';
import type { Limits } from '@callboard/client/protocol';
import type { NodeConfig } from './config.ts';
import { weaknesses } from './config-load.ts';
import { Kept } from './kept.ts';
import type { LateNetwork } from './late-network.ts';
import type { LoopDelay } from './loop-delay.ts';
import { quarantinedReplicas, topicStates, type PartitionReport, type TopicReport } from './topic-status.ts';

export interface NodeStatusOptions {
  readonly system: ActorSystem;
  readonly config: NodeConfig;
  readonly network: LateNetwork;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly loop: LoopDelay;
}

/** For how long one look at all actors serves everybody who asks over HTTP. */
const keptMs = 1_000;
/** While a node starts its state changes quickly, and there is little to look at. */
const keptWhileStartingMs = 50;

interface ManagerReport {
  readonly state?: string;
  readonly verdict?: string;
  readonly clusterId?: string;
  readonly leader?: string;
  readonly role?: string;
  readonly brokers?: readonly { readonly name: string; readonly state: string }[];
  readonly lostReplicas?: readonly unknown[];
  /** Replicas that wait for their turn to be started. */
  readonly toStart?: number;
  readonly copiesWaiting?: readonly number[];
  readonly copiesLost?: readonly number[];
  readonly topics?: readonly TopicReport[];
}

export class NodeStatus {
  readonly #options: NodeStatusOptions;
  readonly #actors: Kept<readonly ActorInfo[]>;
  readonly #text: Kept<string>;
  readonly #readiness: Kept<Readiness>;
  #store: LogStore | undefined;
  #closing = false;
  /** Once all configured brokers were registered, a restart does not wait for them again. */
  #wasReady = false;

  constructor(options: NodeStatusOptions) {
    this.#options = options;
    const { clock, system } = options;
    const keepMs = (): number => (this.#wasReady ? keptMs : keptWhileStartingMs);
    this.#actors = new Kept<readonly ActorInfo[]>(clock, () => system.inspect(), keepMs);
    this.#text = new Kept(clock, () => JSON.stringify(this.document()), keepMs);
    this.#readiness = new Kept(
      clock,
      () => this.readiness(),
      ({ ready }) => (ready ? keptMs : keptWhileStartingMs),
    );
  }

  opened(store: LogStore): void {
    this.#store = store;
  }

  closing(): void {
    this.#closing = true;
  }

  /** The process works: its writer runs and its store has not failed. */
  healthy(): boolean {
    if (this.#store === undefined) return !this.#closing;
    return this.#options.system.find(logWriterActorId) !== undefined;
  }

  /** As of now. */
  readiness(): Readiness {
    const reasons = [...this.#reasons()];
    if (reasons.length === 0) this.#wasReady = true;
    return { ready: reasons.length === 0, reasons };
  }

  /** As of the last second, for those who ask from outside. */
  recentReadiness(): Readiness {
    return this.#closing ? this.readiness() : this.#readiness.get();
  }

  /** `document()` as JSON, as of the last second. */
  text(): string {
    return this.#text.get();
  }

  document(): object {
    const { config, loop, network } = this.#options;
    const actors = this.#options.system.inspect();
    const manager = managerOf(actors);
    const { ready, reasons } = this.readiness();
    const replicas = replicasOf(actors);
    return {
      status: 'success',
      node: config.name,
      clusterId: manager.clusterId,
      startCount: this.#store?.startCount,
      journalId: this.#store?.journalId,
      ready,
      reasons,
      health: this.healthy() ? 'ok' : 'failed',
      findings: [...weaknesses(config), ...wrongClocks(actors)],
      lowSpace: this.#store?.lowSpace() ?? false,
      memoryFull: this.#store?.memoryFull() ?? false,
      directory: manager,
      brokers: manager.brokers ?? [],
      partitions: replicas,
      quarantined: quarantinedReplicas(manager.topics ?? [], replicas),
      links: network.links?.inspect() ?? {},
      gateway: actors.find((actor) => actor.id === gatewayActorId)?.details ?? {},
      writer: actors.find((actor) => actor.id === logWriterActorId)?.details ?? {},
      actors: actors.map(({ id, state, incarnation, restarts, control, data, handled }) => {
        return { id, state, incarnation, restarts, control, data, handled };
      }),
      memory: { rssBytes: process.memoryUsage.rss() },
      loopDelay: loop.get(),
      uptimeSeconds: Math.round(process.uptime()),
    };
  }

  /** A page of topics as JSON, as of the last second: those behind the name `after`, in the order of names. */
  topics(after: string): string {
    const actors = this.#actors.get();
    const { config, limits } = this.#options;
    const states = topicStates(managerOf(actors).topics ?? [], replicasOf(actors), limits, after);
    return JSON.stringify({ status: 'success', node: config.name, ...states });
  }

  *#reasons(): Generator<string> {
    const { system, config } = this.#options;
    if (this.#closing) yield 'the node is stopping';
    if (this.#store === undefined) {
      yield 'the log is being opened';
      return;
    }
    const actors = system.inspect();
    const manager = managerOf(actors);
    if (manager.verdict === 'journal-lost') {
      yield 'this node has lost its journal and is no member of the directory any more';
    } else if (manager.leader === undefined) yield 'the directory has no leader yet';
    const running = replicasOf(actors).filter((replica) => replica.verdict === 'opening');
    const opening = running.length + (manager.toStart ?? 0);
    if (opening > 0) yield `${opening} replicas are being opened`;
    const registered = new Set((manager.brokers ?? []).map((broker) => broker.name));
    if (this.#wasReady || config.manualBrokers) return;
    const missing = config.peers.filter((peer) => !registered.has(peer.name)).map((peer) => peer.name);
    if (missing.length > 0) yield `brokers not registered yet: ${missing.join(', ')}`;
  }
}

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

function managerOf(actors: readonly ActorInfo[]): ManagerReport {
  return actors.find((actor) => actor.id === managerActorId)?.details ?? {};
}

interface HealthReport {
  readonly nodes?: readonly { readonly node: string; readonly clockSkewMs?: number }[];
}

function wrongClocks(actors: readonly ActorInfo[]): readonly string[] {
  const details: HealthReport = actors.find((actor) => actor.id === healthCheckerActorId)?.details ?? {};
  return (details.nodes ?? []).flatMap(({ node, clockSkewMs }) => {
    if (clockSkewMs === undefined) return [];
    const apart = `${Math.round(Math.abs(clockSkewMs) / 1_000)} s ${clockSkewMs > 0 ? 'ahead of' : 'behind'}`;
    return [
      `The clock of node ${node} is ${apart} the one of this node: set both by NTP. Records that nobody dated have the date of the leader's clock.`,
    ];
  });
}

/** Those that run, and the copies in memory that wait for the directory's word before they do. */
function replicasOf(actors: readonly ActorInfo[]): readonly PartitionReport[] {
  const running = actors
    .filter((actor) => actor.id.startsWith('partition/'))
    .map((actor): PartitionReport => actor.details);
  const known = new Set(running.map(({ group }) => group));
  const { copiesWaiting = [], copiesLost = [] } = managerOf(actors);
  const stopped = (groups: readonly number[], verdict: string): readonly PartitionReport[] =>
    groups.filter((group) => !known.has(group)).map((group) => ({ group, verdict, storage: 'memory' }));
  return [...running, ...stopped(copiesWaiting, 'opening'), ...stopped(copiesLost, 'damaged')];
}
