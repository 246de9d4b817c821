/** One node of the test cluster: real actors and real storage code, on a simulated clock and disk. */
import { HealthChecker } from '../../../src/actors/health-checker/index.ts';
import { healthCheckerActorId } from '../../../src/actors/health-checker/messages.ts';
import { LogReader } from '../../../src/actors/log-reader/log-reader.ts';
import { logReaderActorId } from '../../../src/actors/log-reader/messages.ts';
import { LogWriter } from '../../../src/actors/log-writer/log-writer.ts';
import { logWriterActorId, type LogWriterMessage } from '../../../src/actors/log-writer/messages.ts';
import { Manager } from '../../../src/actors/manager/index.ts';
import {
  managerActorId,
  type DirectoryAnswer,
  type DirectoryEvents,
} from '../../../src/actors/manager/messages.ts';
import {
  partitionActorId,
  type PartitionReplicaMessage,
} from '../../../src/actors/partition-replica/messages.ts';
import { PartitionReplica } from '../../../src/actors/partition-replica/replica.ts';
import { PeerLink } from '../../../src/actors/peer-link/index.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../../../src/actors/peer-link/messages.ts';
import type { DirectoryCommand, DirectoryEvent } from '../../../src/directory/index.ts';
import {
  ActorSystem,
  refTo,
  type ActorInfo,
  type Envelope,
  type Ref,
  type SendResult,
  type SpawnOptions,
} from '../../../src/kernel/index.ts';
import type { LogStore } from '../../../src/raft/index.ts';
import type { Limits } from '@callboard/client/protocol';
import { crc32, idOf } from '../../storage/kit.ts';
import { SimClock } from '../../../sim/ports/sim-clock.ts';
import type { SimLoop } from '../../../sim/ports/sim-loop.ts';
import { SimStorage } from '../../../sim/storage/sim-storage.ts';

/** At once: what a failed manager had asked for is then still on its way. */
const managerRestarts: SpawnOptions = {
  restart: { firstDelayMs: 0, maxDelayMs: 0, budget: 20, windowMs: 1_000 },
};

/** What a node sees of the cluster around it. */
export interface World {
  readonly loop: SimLoop;
  readonly names: readonly string[];
  readonly limits: Limits;
  readonly manual: boolean;
  readonly notes: { readonly node: string; readonly actor: string; readonly event: string }[];
  mayFail: (actorId: string) => boolean;
  carry(envelope: Envelope): SendResult;
  changed(name: string, up: boolean): void;
}

/** One answer that a test waits for. */
export interface Asked {
  answer: DirectoryAnswer | undefined;
  /** How many events the asker had been sent before the answer. */
  eventsBefore: number;
}

type AskerMessage = DirectoryAnswer | DirectoryEvents;

export class TestNode {
  readonly name: string;
  generation = 0;
  up = false;
  readonly events: DirectoryEvent[] = [];
  readonly clusterIds: string[] = [];
  readonly #world: World;
  readonly #asked = new Map<number, Asked>();
  #clock: SimClock | undefined;
  #storage: SimStorage;
  #disks = 0;
  #system: ActorSystem | undefined;
  #store: LogStore | undefined;
  #asker: Ref<AskerMessage> | undefined;
  #manager: Manager | undefined;
  #asks = 0;
  #holdsDeaths = false;
  readonly #heldDeaths: LogWriterMessage[] = [];

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.#storage = this.#newDisk();
  }

  start(): void {
    const { loop } = this.#world;
    const clock = this.#clock?.reboot() ?? new SimClock(loop, this.name);
    this.#clock = clock;
    this.generation += 1;
    const schedule = (delayMs: number, run: () => void): void => {
      clock.inputAt(loop.nowMicros + Math.ceil(delayMs * 1_000), run);
    };
    this.#storage.open(schedule, (opened) => {
      if (!opened.ok) throw new Error(opened.detail);
      this.#store = opened.store;
      this.#spawn(clock, opened.store);
    });
  }

  /** The process dies where it stands. */
  crash(power = true): void {
    this.up = false;
    this.generation += 1;
    this.#clock?.crash();
    this.#storage.crash(power);
    this.#asked.clear();
    this.#holdsDeaths = false;
    this.#heldDeaths.length = 0;
    this.events.length = 0;
    this.#world.changed(this.name, false);
  }

  /** The disk is replaced by an empty one. Only while the node is down. */
  wipe(): void {
    this.#storage = this.#newDisk();
  }

  /** Nothing that was asked of the disk completes for this long. */
  stallDisk(ms: number): void {
    this.#storage.device.stall(ms);
  }

  /** Whether the log writer is kept from hearing of replicas that are to die. What it has not heard of, it hears then. */
  holdDeaths(hold: boolean): void {
    this.#holdsDeaths = hold;
    if (hold) return;
    for (const message of this.#heldDeaths.splice(0)) this.send(logWriterActorId, message);
  }

  get journal(): string {
    return this.#store?.journalId ?? '';
  }

  document(name: string): string | undefined {
    return this.#store?.document(name);
  }

  /** The groups whose replicas its journal knows to live. */
  births(): readonly number[] {
    return this.#store?.replicas().map(({ group }) => group) ?? [];
  }

  manager(): Record<string, unknown> {
    return this.actor(managerActorId)?.details ?? {};
  }

  actor(id: string): ActorInfo | undefined {
    return this.#system?.inspect().find((info) => info.id === id);
  }

  stateHash(): string | undefined {
    return this.#manager?.stateHash();
  }

  /** Asks to be told of the directory (again). */
  subscribe(): void {
    if (this.#asker !== undefined) {
      this.send('manager', { kind: 'directory-subscribe', replyTo: this.#asker });
    }
  }

  /** Whether a topic, broker, producer or consumer was told of: `topic t`, `broker n1`. */
  knows(what: string): boolean {
    return this.events.some((event) => keyOf(event) === what);
  }

  /** The newest word on it. */
  last(what: string): DirectoryEvent | undefined {
    return this.events.findLast((event) => keyOf(event) === what);
  }

  change(command: DirectoryCommand, deadlineMs = 5_000): Asked {
    return this.#ask((id, replyTo) => ({ kind: 'directory-change', id, replyTo, command, deadlineMs }));
  }

  barrier(deadlineMs = 5_000): Asked {
    return this.#ask((id, replyTo) => ({ kind: 'directory-barrier', id, replyTo, deadlineMs }));
  }

  send<T>(actorId: string, message: T): void {
    this.#system?.send(refTo<T>(this.name, actorId), message, 'control');
  }

  receive(envelope: Envelope): void {
    this.#system?.deliver(envelope);
  }

  linkNews(node: string, up: boolean): void {
    if (this.up) this.send<PeerLinkMessage>(peerLinkActorId, { kind: 'link-news', node, up });
  }

  #ask(build: (id: number, replyTo: Ref<DirectoryAnswer>) => Parameters<Manager['receive']>[0]): Asked {
    if (this.#system === undefined || this.#asker === undefined) throw new Error(`${this.name} is down`);
    this.#asks += 1;
    const asked: Asked = { answer: undefined, eventsBefore: 0 };
    this.#asked.set(this.#asks, asked);
    const sent = this.#system.send(refTo(this.name, managerActorId), build(this.#asks, this.#asker));
    if (sent !== 'accepted') throw new Error(`the manager of ${this.name} takes nothing: ${sent}`);
    return asked;
  }

  #spawn(clock: SimClock, store: LogStore): void {
    const { limits, names, manual } = this.#world;
    const system = new ActorSystem({
      node: this.name,
      freezeMessages: true,
      onEscalate: (error) => {
        throw error;
      },
      ports: {
        clock,
        random: this.#world.loop.random.fork(`${this.name}/${this.generation}`),
        network: { send: (envelope) => this.#world.carry(envelope), flush: () => undefined },
        trace: {
          note: (actor, level, event, fields) => {
            this.#world.notes.push({ node: this.name, actor: actor.id, event });
            if (event === 'actor.failed' && !this.#world.mayFail(actor.id)) {
              throw new Error(`${this.name} ${actor.id}: ${JSON.stringify(fields)} (${level})`);
            }
          },
        },
      },
    });
    this.#system = system;
    this.up = true;
    system.spawn(logWriterActorId, () => {
      const writer = new LogWriter({ store, batchEntries: 1_024, batchBytes: 1 << 20 });
      const receive = writer.receive.bind(writer);
      writer.receive = (message, context) => {
        if (message.kind === 'log-death' && this.#holdsDeaths) this.#heldDeaths.push(message);
        else receive(message, context);
      };
      return writer;
    });
    system.spawn(logReaderActorId, () => new LogReader({ store, readsInFlight: limits.readsInFlight }));
    system.spawn(peerLinkActorId, () => new PeerLink());
    system.spawn(
      managerActorId,
      () => {
        this.#manager = new Manager({
          named: names,
          replica: store.journalId,
          startCount: store.startCount,
          url: `http://${this.name}:8080`,
          manual,
          limits,
          crc32,
          founders: () => store.document('founders'),
          births: () => store.replicas(),
          diedUpTo: () => store.diedUpTo,
          onClusterId: (id) => this.clusterIds.push(id),
          givenUp: new Set(),
          spawnReplica: (group, members, preferred) => {
            const id = partitionActorId(group);
            const budget = { bytes: 0 };
            const shared = { self: store.journalId, startCount: store.startCount, limits, crc32, budget };
            const make = (): PartitionReplica =>
              new PartitionReplica({ group, members, ...shared, noRoom: () => undefined });
            const running = system.find<PartitionReplicaMessage>(id);
            const replica = running ?? system.spawn<PartitionReplicaMessage>(id, make);
            if (running !== undefined) system.send(replica, { kind: 'report-leadership' }, 'control');
            if (preferred) system.send(replica, { kind: 'campaign' }, 'control');
          },
        });
        return this.#manager;
      },
      managerRestarts,
    );
    system.spawn(
      healthCheckerActorId,
      () => new HealthChecker({ node: this.name, replica: store.journalId, limits }),
    );
    this.#asker = system.spawn<AskerMessage>('asker', () => ({ receive: (message) => this.#heard(message) }));
    this.subscribe();
    this.#world.changed(this.name, true);
  }

  #heard(message: AskerMessage): void {
    if (message.kind === 'directory-events') {
      this.events.push(...message.events);
      return;
    }
    const asked = this.#asked.get(message.id);
    if (asked === undefined) throw new Error(`${this.name} was answered what it never asked`);
    if (asked.answer !== undefined) throw new Error(`${this.name} was answered twice`);
    asked.answer = message;
    asked.eventsBefore = this.events.length;
  }

  #newDisk(): SimStorage {
    this.#disks += 1;
    const disk = this.#disks;
    const random = this.#world.loop.random.fork(`${this.name}/disk${disk}`);
    return new SimStorage({
      random: () => random.next(),
      crc32,
      drawId: () => idOf(`${this.name}-disk${disk}`),
    });
  }
}

function keyOf(event: DirectoryEvent): string {
  switch (event.kind) {
    case 'topic':
      return `topic ${event.topic.name}`;
    case 'topic-gone':
      return `gone ${event.topic.name}`;
    case 'broker':
      return `broker ${event.broker.name}`;
    case 'broker-gone':
      return `broker ${event.broker}`;
    case 'producer':
    case 'consumer':
    case 'producer-gone':
    case 'consumer-gone':
      return `${event.kind} ${event.id}`;
  }
}

/** `ok`, or the code and outcome of what went wrong; undefined while there is no answer. */
export function outcomeOf({ answer }: Asked): string | undefined {
  if (answer === undefined) return undefined;
  const error = answer.error ?? (answer.result?.ok === false ? answer.result.error : undefined);
  return error === undefined ? 'ok' : `${error.code} ${error.outcome}`;
}
