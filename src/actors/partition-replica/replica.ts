/**
 * PartitionReplica: the thin shell around one partition's consensus core and machine. See messages.ts for what it takes.
 *
 * Only a leader whose own no-op is applied serves. Everything it promises is tied to a commit, a durable write or a
 * ReadIndex; when its leadership ends, all open calls are answered at once with what is known of them.
 */
import type { Actor, Checksum, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import {
  batchOf,
  LogClock,
  nodeOwner,
  ownerOf,
  PartitionMachine,
  ProducerTail,
  type Decision,
} from '../../partition/index.ts';
import type { Entry, ProposeRefusal, RoleChange } from '../../raft/index.ts';
import {
  logIndex,
  offset,
  dateDraft,
  setOwner,
  undated,
  type CallError,
  type GroupId,
  type Limits,
  type LogIndex,
  type Offset,
  type ReplicaId,
} from '@callboard/client/protocol';
import { gatewayActorId, type GatewayMessage } from '../gateway/messages.ts';
import type { Roster } from '../beats/roster.ts';
import { GroupDriver } from '../group/driver.ts';
import type { GroupMember, GroupMessage } from '../group/messages.ts';
import { reportOf, roomFor } from './admission.ts';
import { checkedDraft, decisionError, refusalError } from './errors.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
  type Produce,
} from './messages.ts';
import { forgetCursors, pushHost, queryHost, tellTime, type ReplicaParts } from './hosts.ts';
import { LogReads } from './log-reads.ts';
import { ManagerNews } from './manager-news.ts';
import { OpenProduces } from './produces.ts';
import type { PushRequest } from './push-messages.ts';
import { PushDesk } from './pushes.ts';
import { Queries } from './queries.ts';
import { turnAway } from './turn-away.ts';
import { ReadableEnd } from './readable-end.ts';
import { Takes } from './takes.ts';

/** Uncommitted bytes of all groups of the node: one shared count. */
export interface NodeBudget {
  bytes: number;
}

export interface PartitionReplicaOptions {
  readonly group: GroupId;
  readonly members: readonly GroupMember[];
  readonly self: ReplicaId;
  readonly startCount: number;
  readonly limits: Limits;
  readonly crc32: Checksum;
  readonly budget: NodeBudget;
  /** Absent: the replica ticks by itself. */
  readonly roster?: Roster;
  /** Of the partition's first record; absent: 0. Others belong to partitions that were begun anew after a loss. */
  readonly firstOffset?: Offset;
  /** Why new records are refused: the disk is nearly full, or what may be kept in memory is. */
  readonly noRoom: () => 'low_disk_space' | 'memory_full' | undefined;
  /** Why commands are refused as well: what is kept back for them is used up too. Absent: never. */
  readonly noReserve?: () => 'low_disk_space' | 'memory_full' | undefined;
}

export class PartitionReplica implements Actor<PartitionReplicaMessage> {
  readonly #options: PartitionReplicaOptions;
  readonly #machine: PartitionMachine;
  readonly #tail = new ProducerTail();
  readonly #readable = new ReadableEnd();
  #context!: Context<PartitionReplicaMessage>;
  #driver!: GroupDriver;
  #produces!: OpenProduces;
  #takes!: Takes;
  #log!: LogReads;
  #queries!: Queries;
  #pushes!: PushDesk;
  #parts!: ReplicaParts;
  /** Of this leadership; undefined: this replica does not lead. */
  #clock: LogClock | undefined;
  #nextOffset: Offset = offset(0);
  #counted = 0;
  #started = false;
  #news!: ManagerNews;

  constructor(options: PartitionReplicaOptions) {
    this.#options = options;
    this.#machine = new PartitionMachine(options.limits, options.firstOffset);
  }

  start(context: Context<PartitionReplicaMessage>): void {
    const { group, members, self, startCount, limits, crc32 } = this.#options;
    this.#context = context;
    this.#news = new ManagerNews(context, group);
    this.#produces = new OpenProduces(context);
    this.#log = new LogReads({
      context,
      group,
      maxIndex: () => this.#readable.index,
      holds: ({ index, term }) => this.#driver.holds(index, term),
      damaged: (index) => this.#driver.damageFound(index),
    });
    const parts: ReplicaParts = {
      context,
      limits,
      crc32,
      machine: this.#machine,
      readable: this.#readable,
      log: this.#log,
      driver: () => this.#driver,
      answer: (request, answer) => this.#answer(request, answer),
      fail: (request, error) => this.#fail(request, error),
      noReserve: () => this.#options.noReserve?.(),
    };
    this.#parts = parts;
    this.#takes = new Takes(parts);
    this.#queries = new Queries(queryHost(parts));
    this.#pushes = new PushDesk(pushHost(parts, (position, then) => this.#queries.place(position, then)));
    this.#driver = new GroupDriver({
      context,
      group,
      actorId: partitionActorId(group),
      members,
      self,
      startCount,
      limits,
      crc32,
      lazyCommit: true,
      roster: this.#options.roster,
      needsTicks: () => this.#pushes.blocked,
      events: {
        apply: (entry) => this.#apply(entry),
        roleChanged: (change, leader) => this.#roleChanged(change, leader),
        ready: () => this.#ready(),
        durable: (index) => this.#durable(index),
      },
    });
    this.#started = true;
  }

  receive(message: PartitionReplicaMessage): void {
    switch (message.kind) {
      case 'produce':
        this.#produce(message);
        break;
      case 'consume':
      case 'settle-takes':
        if (this.#serves(message)) this.#takes.asked(message);
        break;
      case 'takes-checked':
      case 'take-tick':
        this.#takes.told(message);
        break;
      case 'size':
        if (this.#serves(message)) this.#queries.size(message);
        break;
      case 'fetch':
        if (this.#serves(message)) this.#queries.fetch(message);
        break;
      case 'locate':
        if (this.#serves(message)) this.#queries.locate(message);
        break;
      case 'lead':
        if (this.#serves(message)) this.#answer(message, { kind: 'leads', id: message.id });
        break;
      case 'push-open':
      case 'push-pull':
      case 'push-ack':
      case 'push-close':
        this.#push(message);
        break;
      case 'read-chunks-answer':
      case 'find-time-answer':
        this.#log.answered(message);
        break;
      case 'campaign':
        this.#driver.campaign();
        break;
      case 'hand-over':
        this.#driver.transferLeadership(message.to, message.mostBehind);
        break;
      case 'report-leadership':
        if (this.#driver.isReady) this.#reportLeadership();
        break;
      case 'show-cursors':
        if (this.#driver.isReady) {
          const page = this.#machine.cursorPage(message.from, this.#options.limits.usedIdsTogether);
          this.#news.cursors(message.topic, page);
        }
        break;
      case 'forget-cursors':
        if (this.#driver.isReady) forgetCursors(this.#parts, message.cursors);
        break;
      default:
        if (message.kind === 'group-link') this.#takes.linkChanged(message);
        if (message.kind === 'group-link' && !message.up) this.#pushes.nodeLost(message.node);
        if (message.kind === 'group-tick') this.#pushes.stir();
        this.#driver.handle(message satisfies GroupMessage);
    }
    this.#pushes.settle();
    if (this.#pushes.blocked) this.#driver.stir();
    this.#count(this.#driver.uncommittedBytes);
  }

  turnEnded(): void {
    this.#driver.flush();
  }

  /** Stopped or failed: whoever waits is told what is known instead of waiting for its deadline. */
  stopped(): void {
    // One that failed in its start holds nothing yet.
    if (!this.#started) return;
    this.#count(0);
    this.#produces.abandon(undefined);
    this.#abandonReaders();
    this.#pushes.close();
    this.#log.abandon();
    this.#driver.close();
    this.#news.leadsNoMore();
  }

  /** Nobody has looked at it, so nothing of it will be. */
  undelivered(message: PartitionReplicaMessage, context: Context<PartitionReplicaMessage>): void {
    turnAway(context, message, this.#started ? this.#driver.leaderNode : undefined);
  }

  get standing(): { readonly verdict: string; readonly leader: string | undefined } {
    return { verdict: this.#driver.verdict, leader: this.#driver.leaderNode };
  }

  inspect(): Record<string, unknown> {
    const report = reportOf(this.#options.group, this.#driver, this.#machine);
    return { ...report, ...this.#pushes.inspect() };
  }

  /** For checkers: the applied state as lines, equal on every replica at the same index. */
  describeState(): Iterable<string> {
    return this.#machine.describe();
  }

  #apply(entry: Entry): void {
    const { index, bytes } = entry;
    const applied = this.#machine.apply(index, bytes);
    if (applied.kind === 'records') {
      this.#tail.applied(applied.producerId, index);
      this.#readable.applied(index, applied.end);
    }
    this.#produces.applied(index, entry.term);
    switch (applied.kind) {
      case 'records':
        this.#takes.durable();
        this.#pushes.committed({ index, baseOffset: applied.baseOffset, end: applied.end, bytes });
        return;
      case 'taken':
        if (applied.fenced) this.#pushes.taken(applied.consumer);
        this.#takes.taken(index, applied);
        return;
      case 'settled':
        this.#takes.settled(index);
        return;
      case 'forgot':
        for (const consumer of applied.consumers) this.#pushes.taken(consumer);
        return;
      case 'attached':
        this.#pushes.attached(index, applied.consumer, applied.result);
        return;
      case 'advanced':
        this.#pushes.advanced(index, applied.results);
        return;
      case 'clock':
        if (this.#driver.isReady) this.#news.forgot(applied.forgotten);
        return;
      case 'noop':
        return;
    }
  }

  #abandonReaders(): void {
    this.#readable.abandon();
    this.#takes.abandon();
    this.#pushes.abandon();
  }

  #roleChanged(change: RoleChange, leader: string | undefined): void {
    if (leader !== undefined) {
      const gateway = refTo<GatewayMessage>(this.#context.self.node, gatewayActorId);
      this.#context.send(gateway, { kind: 'leader-news', group: this.#options.group, leader }, 'control');
    }
    if (change.role === 'leader') return;
    this.#tail.clear();
    this.#clock = undefined;
    this.#produces.abandon(leader);
    this.#abandonReaders();
    this.#news.leadsNoMore();
  }

  #ready(): void {
    this.#tail.clear();
    this.#nextOffset = this.#machine.end;
    this.#clock = new LogClock(this.#options.limits, this.#machine.logTimeMs, this.#context.now());
    this.#reportLeadership();
    this.#takes.began();
  }

  #reportLeadership(): void {
    this.#news.leads();
    this.#news.forgot(this.#machine.forgotten);
  }

  #durable(index: LogIndex): void {
    this.#produces.durable(index);
    this.#readable.durable(index);
    this.#takes.durable();
    this.#pushes.stir();
  }

  #produce(request: Produce): void {
    if (!this.#serves(request)) return;
    const { limits, crc32 } = this.#options;
    const header = checkedDraft(request.chunk, limits, this.#context.wallTime(), crc32);
    if ('error' in header) {
      this.#fail(request, header.error);
      return;
    }
    if (this.#options.noRoom() === undefined) tellTime(this.#parts, this.#clock);
    const owner = request.address === undefined ? nodeOwner : ownerOf(request.address);
    const batch = { ...batchOf(header), owner };
    const decision: Decision = this.#machine.decide(
      batch,
      this.#tail.of(batch.producerId),
      request.registered,
      this.#tail.newcomers,
    );
    if (decision.kind === 'duplicate') {
      const { id, replyTo, acks } = request;
      const waiter = { id, replyTo, acks, baseOffset: offset(decision.baseOffset) };
      if (acks === 'none') this.#answer(request, { kind: 'produced', id, baseOffset: waiter.baseOffset });
      else if (decision.index === undefined) this.#repeated(request, waiter.baseOffset);
      else this.#produces.join(decision.index, waiter);
      return;
    }
    if (decision.kind !== 'accept') {
      // A leader that was deposed unawares may lack what others have stored since: only a confirmed one says no for good (S13).
      const error = decisionError(decision, batch);
      this.#driver.read((leads) => this.#fail(request, leads ? error : refusalError('not-leader')));
      return;
    }
    const refused = roomFor(this.#driver, this.#options, request.chunk.byteLength);
    if (refused !== undefined) {
      this.#fail(request, refused);
      return;
    }
    const baseOffset = this.#nextOffset;
    // Counted before it is proposed: on a single-node group the commit and its apply happen within the call.
    const index = logIndex(this.#driver.lastIndex + 1);
    this.#nextOffset = offset(baseOffset + batch.count);
    this.#tail.add(batch, baseOffset, index);
    if (decision.newcomer === true) this.#tail.came(batch);
    // A copy: the asker may send the same bytes again while these are being written.
    const chunk = request.chunk.slice();
    setOwner(chunk, owner);
    if (header.firstTimestamp === undated) dateDraft(chunk, this.#context.wallTime());
    const proposed = this.#driver.propose(chunk, baseOffset);
    if (!proposed.ok || proposed.index !== index) {
      throw new Error('a proposal was refused after the check that it would not be');
    }
    const { id, replyTo, acks } = request;
    const waits = acks !== 'none';
    this.#produces.add(index, proposed.term, waits ? { id, replyTo, acks, baseOffset } : undefined);
    if (!waits) this.#answer(request, { kind: 'produced', id, baseOffset });
  }

  /**
   * A batch that is stored already. A leader that was deposed unawares must not say so: its topic may have been removed since, and
   * acknowledges nothing any more (S24).
   */
  #repeated(request: Produce, baseOffset: Offset): void {
    const { id } = request;
    this.#driver.read((leads) => {
      if (leads) this.#answer(request, { kind: 'produced', id, baseOffset });
      else this.#fail(request, { ...refusalError('not-leader'), outcome: 'unknown' });
    });
  }

  #push(request: PushRequest): void {
    if (request.kind !== 'push-open' || this.#driver.isReady) {
      this.#pushes.handle(request);
      return;
    }
    const error = refusalError(this.#driver.isLeader ? 'not-ready' : 'not-leader');
    const leader = this.#driver.leaderNode;
    this.#context.send(request.replyTo, { kind: 'push-ended', id: request.id, error, leader }, 'control');
  }

  /** Whether this replica serves; else the asker is sent to the leader. */
  #serves(request: { readonly id: number; readonly replyTo: Produce['replyTo'] }): boolean {
    if (this.#driver.isReady) return true;
    const refusal: ProposeRefusal = this.#driver.isLeader ? 'not-ready' : 'not-leader';
    this.#fail(request, refusalError(refusal));
    return false;
  }

  #answer(request: { readonly replyTo: Produce['replyTo'] }, answer: PartitionAnswer): void {
    this.#context.send(request.replyTo, answer, 'control');
  }

  #fail(request: { readonly id: number; readonly replyTo: Produce['replyTo'] }, error: CallError): void {
    const leader = this.#driver.leaderNode;
    this.#answer(request, { kind: 'partition-failed', id: request.id, error, leader });
  }

  #count(bytes: number): void {
    this.#options.budget.bytes += bytes - this.#counted;
    this.#counted = bytes;
  }
}
