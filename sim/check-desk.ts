/** All checkers of one run, and what connects them to the world. */
import { chunkKind, readChunkHeader } from '@callboard/client/protocol';
import { managerActorId } from '../src/actors/manager/messages.ts';
import type { Manager } from '../src/actors/manager/manager.ts';
import type { PartitionReplica } from '../src/actors/partition-replica/replica.ts';
import type { Topic } from '../src/directory/index.ts';
import type { Address, TraceFields } from '../src/kernel/index.ts';
import type { TakeId, Taker } from '../src/partition/index.ts';
import { AnswerChecker } from './checkers/answers.ts';
import { BoundsChecker } from './checkers/bounds.ts';
import { ClientConsumerChecker } from './checkers/client-consumers.ts';
import { CommittedChecker } from './checkers/committed.ts';
import type { CommittedRecord } from './checkers/committed.ts';
import { ConsumerChecker } from './checkers/consumers.ts';
import { DurabilityChecker } from './checkers/durability.ts';
import { ElectionChecker } from './checkers/elections.ts';
import { FailureChecker } from './checkers/failures.ts';
import { FetchChecker } from './checkers/fetches.ts';
import { LogMatchingChecker, type SeenEntry } from './checkers/log-matching.ts';
import { NoticingChecker } from './checkers/noticing.ts';
import { Promises } from './checkers/promises.ts';
import { ProposalChecker } from './checkers/proposals.ts';
import { PushCursors } from './checkers/push-cursors.ts';
import { PushChecker } from './checkers/pushes.ts';
import { GenerationChecker, type Generation, type ToldTopic } from './checkers/generations.ts';
import { RecordChecker } from './checkers/records.ts';
import { RemovalChecker } from './checkers/removals.ts';
import { StateChecker } from './checkers/states.ts';
import { VisibilityChecker } from './checkers/visibility.ts';
import type { Atlas } from './faults/atlas.ts';
import { DirectoryModel } from './observe/directory-model.ts';
import type { LoadEffect } from '../src/raft/index.ts';
import type { RaftView } from './observe/raft-probe.ts';
import type { SimNode } from './node.ts';
import type { StoreObserver } from './observe/observed-store.ts';
import type { Poison } from './observe/poison.ts';
import { RaftChecks } from './observe/raft-checks.ts';
import type { Report } from './observe/report.ts';
import { StoreChecks } from './observe/store-checks.ts';
import { isWholeValue, valueId } from './workload/values.ts';
import type { Settings } from './settings.ts';

/** Scheduling, drift and the gateway's own granularity on top of a deadline. */
const answerSlackMicros = 400_000;

/** What the desk needs of the world. */
export interface CheckedWorld {
  readonly settings: Settings;
  readonly nowMicros: number;
  readonly report: Report;
  readonly nodes: readonly SimNode[];
  readonly atlas: Atlas;
  readonly poison: Poison;
  /** Told as a node begins a write. */
  readonly onWriting: (node: string, truncates: boolean) => void;
  /** Told as a leader asks its disk for what a follower lacks. */
  readonly onReplicationRead: (view: RaftView, load: LoadEffect) => void;
  node(name: string): SimNode;
}

export class CheckDesk {
  readonly promises: Promises;
  readonly durability: DurabilityChecker;
  readonly elections: ElectionChecker;
  readonly matching: LogMatchingChecker;
  readonly committed: CommittedChecker;
  readonly generations: GenerationChecker;
  readonly directory: DirectoryModel;
  readonly proposals: ProposalChecker;
  readonly noticing: NoticingChecker;
  readonly records: RecordChecker;
  readonly removals: RemovalChecker;
  readonly consumers: ConsumerChecker;
  readonly pushCursors: PushCursors;
  readonly pushes: PushChecker;
  readonly clientConsumers: ClientConsumerChecker;
  readonly fetches: FetchChecker;
  readonly visibility: VisibilityChecker;
  readonly states: StateChecker;
  readonly answers: AnswerChecker;
  readonly bounds: BoundsChecker;
  readonly failures: FailureChecker;
  readonly raft: RaftChecks;
  readonly #world: CheckedWorld;
  readonly #stores = new Map<string, StoreChecks>();
  readonly #journals = new Map<string, string>();
  readonly #nodesByReplica = new Map<string, string>();
  /** Consumers over HTTP of which the workload tells what they were given. */
  readonly #watched = new Set<string>();

  constructor(world: CheckedWorld) {
    this.#world = world;
    const { report, settings } = world;
    const to =
      (checker: string) =>
      (text: string): void =>
        report.violation(checker, text);
    const readDisk = (node: string, group: number, index: number) =>
      world.atlas.reader(node).entry(group, index);
    const excused = (node: string): boolean => world.atlas.excuses(node);
    this.promises = new Promises(readDisk, to('promises'));
    this.durability = new DurabilityChecker({
      promises: this.promises,
      readDisk,
      committed: (group) => this.committed.group(group).checksums,
      excused,
      report: to('durability'),
    });
    this.elections = new ElectionChecker(to('elections'));
    this.matching = new LogMatchingChecker(to('log matching'));
    this.generations = this.#followGenerations(to('memory'));
    this.directory = this.#followDirectory(to('directory'));
    const first = (group: number): number => this.generations.first(group);
    this.records = new RecordChecker(to('records'), this.generations);
    this.removals = new RemovalChecker(this.promises, to('removals'), this.generations);
    this.pushCursors = this.#followCursors(to('pushes'));
    this.committed = new CommittedChecker({
      find: (group, index, checksum) => this.matching.find(group, index, checksum),
      first,
      onDirectory: (bytes) => this.directory.committed(bytes),
      onEntry: (group, index, term) => this.proposals.committed(group, index, term),
      onRecord: (record) => this.#stored(record),
      onCommand: (group, command, end) => this.pushCursors.apply(group, command, end),
      report: to('committed'),
    });
    this.proposals = this.#proposalChecker(to('proposals'));
    const ackedEnd = (group: number, before: number): number => this.records.ackedEnd(group, before);
    const { pushCursors: cursors } = this;
    const position = (group: number, consumer: string): number => cursors.position(group, consumer);
    const open = (group: number, consumer: string) => cursors.open(group, consumer);
    const isOver = (run: Taker): boolean => world.node(run.node).gatewayRun !== run.start;
    const valueAt = (group: number, offset: number): Uint8Array | undefined =>
      this.committed.group(group).valueAt(offset);
    this.consumers = new ConsumerChecker(
      { valueAt, position, open, ackedEnd, isOver, first },
      to('consumers'),
    );
    this.pushes = new PushChecker({ valueAt, ackedEnd, first }, this.pushCursors, to('pushes'));
    this.clientConsumers = new ClientConsumerChecker(
      { valueAt, ackedEnd },
      this.pushCursors,
      to('client consumers'),
    );
    this.fetches = new FetchChecker({ valueAt, ackedEnd, first }, to('fetches'));
    const committedEnd = (group: number): number => this.committed.group(group).end;
    this.visibility = new VisibilityChecker({ ackedEnd, committedEnd, position }, to('visibility'));
    this.states = new StateChecker(to('states'));
    this.answers = new AnswerChecker(answerSlackMicros, to('answers'));
    const { uncommittedGroupBytes: uncommittedBytes } = settings.limits;
    this.bounds = new BoundsChecker(
      { controlMessages: 50_000, uncommittedBytes, entryBytes: 1 << 20 },
      to('bounds'),
    );
    this.failures = this.#checkFailures(to('failures'));
    this.noticing = new NoticingChecker(
      () => report.sometimes('a bad entry was met by a replication read'),
      to('noticing'),
    );
    this.raft = this.#raftChecks();
  }

  watchConsumer(id: string): void {
    this.#watched.add(id);
  }

  #followCursors(report: (text: string) => void): PushCursors {
    return new PushCursors({
      nowMicros: () => this.#world.nowMicros,
      first: (group) => this.generations.first(group),
      onNoted: (group, consumer, offset, take) => this.#noted(group, consumer, offset, take),
      onAgain: () => this.#world.report.sometimes('a record was given again'),
      report,
    });
  }

  #checkFailures(report: (text: string) => void): FailureChecker {
    const { atlas } = this.#world;
    return new FailureChecker({
      damaged: (node) => atlas.excusesReads(node),
      failing: (node) => atlas.mayFail(node),
      // Of the one the checker of generations is the judge; the other is what a node says that has lost its disk.
      expected: (node, event) =>
        event === 'memory.partition-lost' || (event === 'manager.not-a-founder' && atlas.isWiped(node)),
      report,
    });
  }

  #raftChecks(): RaftChecks {
    return new RaftChecks({
      report: this.#world.report,
      noticing: this.noticing,
      onReplicationRead: (view, load) => this.#world.onReplicationRead(view, load),
      promises: this.promises,
      elections: this.elections,
      durability: this.durability,
      matching: this.matching,
      committed: this.committed,
      wrote: (group, entry) => this.#wrote(group, entry),
      nodeOf: (replica) => this.#nodesByReplica.get(replica) ?? replica,
      applying: (group, index) => this.#world.poison.meet(group, index),
    });
  }

  #proposalChecker(report: (text: string) => void): ProposalChecker {
    return new ProposalChecker({
      committedTerm: (group, index) => this.committed.group(group).terms[index],
      onDoubtEnded: (committed) => {
        const fate = committed ? 'committed' : 'overwritten';
        this.#world.report.sometimes(`a proposal left in doubt was ${fate}`);
      },
      report,
    });
  }

  storeObserver(node: SimNode): StoreObserver {
    const { report, atlas } = this.#world;
    const checks = new StoreChecks(node.name, {
      report,
      promises: this.promises,
      durability: this.durability,
      excused: () => atlas.excuses(node.name),
      mayFail: () => atlas.mayFail(node.name),
      nowMicros: () => this.#world.nowMicros,
      damagedAtMicros: () => atlas.damagedAtMicros(node.name),
      onOpenedDamaged: () => atlas.openedDamaged(node.name),
      onWriting: (truncates) => this.#world.onWriting(node.name, truncates),
    });
    this.#stores.set(node.name, checks);
    return checks;
  }

  processStarted(node: SimNode): void {
    const id = node.store?.journalId ?? '';
    const known = this.#journals.get(node.name);
    if (known !== undefined && known !== id && !this.#world.atlas.losesJournal(node.name)) {
      this.#world.report.violation(
        'promises',
        `${node.name} has lost its journal although one copy was sound at any time`,
      );
    }
    this.#journals.set(node.name, id);
    this.promises.journal(node.name, id);
    this.#nodesByReplica.set(id, node.name);
    this.#world.atlas.opened(node.name);
  }

  processEnded(node: SimNode, why: string): void {
    this.#stores.get(node.name)?.ended();
    this.#stores.delete(node.name);
    this.answers.ended(node.name, node.life);
    this.failures.processEnded(node.name, why);
    const leads = this.promises.groupsOf(node.name).some((group) => {
      const view = this.raft.view(node.name, group);
      return view?.life === node.life && view.raft.status().role === 'leader';
    });
    if (leads) this.#world.report.sometimes('a leader crashed');
    this.#memoryEnded(this.promises.processEnded(node.name));
  }

  note(node: SimNode, actor: Address, level: string, event: string, fields: TraceFields): void {
    this.failures.note(node.name, actor.id, level, event, fields);
    if (event === 'actor.quarantined') {
      this.#world.report.sometimes('a replica was put into quarantine');
    } else if (event === 'replica.past-dropped') {
      this.#world.report.sometimes('a message of an earlier incarnation was dropped');
    } else if (event === 'memory.copy-given-up') {
      this.#world.report.sometimes('a copy in memory gave itself up');
      this.promises.gaveUp(node.name, Number(fields['group']));
    } else if (event === 'memory.partition-lost') {
      this.#world.report.sometimes('a node said that a partition in memory was lost');
    } else if (event === 'replica.rests') {
      this.#world.report.sometimes(fields['role'] === 'leader' ? 'a leader rested' : 'a follower rested');
    } else if (event === 'replica.woken') {
      this.#world.report.sometimes('a replica that rested was woken by silence');
    } else if (event === 'health.finding') {
      this.#world.report.sometimes(
        fields['alive'] === true ? 'a broker came back' : 'a broker was found dead',
      );
    }
  }

  /** Compares the states of all replicas that run, and looks at every queue. */
  sample(): void {
    for (const node of this.#world.nodes) {
      const { system } = node;
      if (system === undefined || node.blocked) continue;
      this.bounds.actors(node.name, system.inspect());
      for (const [id, actor] of system.drivers) {
        if (id.startsWith('partition/')) {
          this.#samplePartition(node.name, id, actor as unknown as PartitionReplica);
        } else this.#sampleDirectory(node.name, actor as unknown as Manager);
      }
    }
  }

  #samplePartition(node: string, id: string, replica: PartitionReplica): void {
    const group = Number(id.slice('partition/'.length));
    const view = this.raft.view(node, group);
    if (view !== undefined && view.life === this.#world.node(node).life) {
      this.bounds.uncommitted(node, group, view.raft.status().uncommittedBytes);
    }
    const lines = [...replica.describeState()];
    const index = Number(/^index (\d+) /.exec(lines[0] ?? '')?.[1] ?? -1);
    if (index > 0) this.states.state(node, group, index, digest(lines));
  }

  #sampleDirectory(node: string, manager: Manager): void {
    const hash = manager.stateHash();
    const { applied } = manager.inspect();
    if (hash !== undefined && typeof applied === 'number' && applied > 0) {
      this.states.state(node, 0, applied, hash);
    }
  }

  /** Consumers of fleeting topics are told nothing about. */
  #noted(group: number, consumer: string, offset: number, take: TakeId): void {
    if (this.#watched.has(consumer)) this.consumers.noted(group, consumer, offset, take);
  }

  #followGenerations(report: (text: string) => void): GenerationChecker {
    return new GenerationChecker(
      {
        gone: (group) => this.promises.gone(group),
        members: (group) => this.promises.members(group),
        nowMicros: () => this.#world.nowMicros,
      },
      report,
      (lost, successor) => this.#begunAnew(lost, successor),
    );
  }

  #followDirectory(report: (text: string) => void): DirectoryModel {
    const { limits, nodes } = this.#world.settings;
    const onTopic = (topic: Topic): void => this.generations.topic(topic);
    return new DirectoryModel({ limits, nodes: nodes.length, onTopic, report });
  }

  /** What each node that runs says of its topics, against what was committed. Only once all have applied everything. */
  told(): void {
    for (const node of this.#world.nodes) {
      const details = node.system?.drivers.get(managerActorId)?.inspect?.();
      const topics = details?.['topics'];
      if (details?.['state'] === 'member' && Array.isArray(topics)) {
        this.generations.told(node.name, topics as ToldTopic[]);
      }
    }
  }

  /** A process took these groups' copies in its memory with it. */
  #memoryEnded(groups: readonly number[]): void {
    if (groups.length === 0) return;
    const { report } = this.#world;
    report.sometimes('copies in memory were lost with their process');
    report.fault('memory-lost');
    const most = groups.some(
      (group) => 2 * this.promises.gone(group).length > this.promises.members(group).length,
    );
    if (most) report.fault('memory-majority-lost');
  }

  #begunAnew(lost: Generation, { group, generation }: Generation): void {
    const { report } = this.#world;
    this.promises.lose(lost.group);
    report.event('', 'begun-anew', lost.topic, lost.group, group, generation);
    report.sometimes('a partition in memory was begun anew');
    if (generation > 1) report.sometimes('a partition in memory was begun anew more than once');
  }

  #wrote(group: number, entry: SeenEntry): void {
    if (!this.promises.isInMemory(group)) return;
    const { kind, baseOffset, recordCount } = readChunkHeader(entry.bytes);
    if (kind === chunkKind.records) this.generations.wrote(group, baseOffset + recordCount);
  }

  #stored({ group, offset, value }: CommittedRecord): void {
    const id = valueId(value);
    if (!isWholeValue(value)) {
      this.#world.report.violation('records', `the value of record ${id} was changed`);
    }
    this.records.stored(group, offset, id, value.byteLength);
  }
}

/** FNV-1a over all lines. */
function digest(lines: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const line of lines) {
    for (let at = 0; at < line.length; at += 1) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ 10, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
