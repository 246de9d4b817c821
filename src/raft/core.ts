/**
 * The state of one replica and the few transitions that everything else is made of (Raft paper, figure 2). The
 * rules live in election, replication, follower, reads, transfer and healing.
 */
import type { LogIndex, ReplicaId, Term } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { noIndex } from './brand-arithmetic.ts';
import type { Effects, LoadEffect, RaftLimits, RaftOptions, RoleChange } from './core-contract.ts';
import { Durability } from './durability.ts';
import { HealingState } from './healing-state.ts';
import type { Leadership } from './leadership.ts';
import type { RaftMessage } from './messages.ts';
import { OpenLoads } from './open-loads.ts';
import { Outbox } from './outbox.ts';
import { Quorum } from './quorum.ts';
import { RaftLog } from './raft-log.ts';
import { Staging } from './staging.ts';
import type { Entry, Role, Tail } from './types.ts';

function noEffects(): Effects {
  const none = { commit: undefined, role: undefined, healed: false, damage: undefined };
  return { send: [], persist: [], load: [], reads: [], ...none };
}

export class Core {
  readonly options: RaftOptions;
  readonly self: ReplicaId;
  readonly limits: RaftLimits;
  readonly quorum: Quorum;
  /** Every other member, learners too, in one fixed order. */
  readonly peers: readonly ReplicaId[];
  readonly voter: boolean;
  /** The only voter: whatever it has on disk is committed. */
  readonly sole: boolean;
  readonly log: RaftLog;
  readonly durability: Durability;
  readonly outbox: Outbox = new Outbox();
  readonly loads: OpenLoads = new OpenLoads();
  readonly staging: Staging;

  term: Term;
  vote: ReplicaId | undefined;
  role: Role = 'follower';
  leader: ReplicaId | undefined;
  commit: LogIndex = noIndex;
  applied: LogIndex = noIndex;

  ticks = 0;
  electionElapsed = 0;
  electionTimeout = 0;
  /** Ticks since `leader` was heard. */
  leaderElapsed = 0;
  /** Answers of the running pre-vote or vote. */
  readonly votes: Map<ReplicaId, boolean> = new Map();
  lead: Leadership | undefined;
  /** Set while this replica is damaged. */
  healing: HealingState | undefined;
  /** The message that is being taken named this very incarnation: it was sent after this log was opened. */
  named = true;
  /** It was told of damage after the open: takes part in nothing until its log is opened again. */
  withdrawn = false;

  fx: Effects = noEffects();
  #promises: RaftMessage[] = [];
  #lastLoad = 0;
  #told: RoleChange;

  constructor(options: RaftOptions) {
    const { configuration, recovered, self } = options;
    const { verdict, hard, tail } = recovered;
    assert(verdict.kind !== 'journal-lost', 'a replica that lost its journal stays out', self);
    assert(tail.term <= hard.term, 'no entry is of a later term than the journal', tail.term, hard.term);
    this.options = options;
    this.self = self;
    this.limits = options.limits;
    this.quorum = new Quorum(configuration);
    const { voters, outgoing, learners } = configuration;
    const members = new Set([...voters, ...outgoing, ...learners]);
    assert(members.has(self), 'a replica is a member of its group', self);
    members.delete(self);
    this.peers = [...members];
    this.voter = this.quorum.isVoter(self);
    this.sole = this.quorum.isSole(self);
    this.log = new RaftLog(
      recovered.runs,
      tail,
      options.limits.entryCacheBytes,
      options.limits.entryOverheadBytes,
    );
    this.durability = new Durability(tail.index);
    this.staging = new Staging(verdict.kind === 'clean' && recovered.highest > tail.index);
    this.term = hard.term;
    this.vote = hard.vote;
    if (verdict.kind === 'damaged') {
      if (verdict.owed.kind === 'known') {
        assert(verdict.owed.tail.term <= hard.term, 'what is owed is of a known term');
      }
      this.healing = new HealingState(verdict.owed, recovered);
    }
    this.#told = { role: this.role, term: this.term, leader: undefined };
    this.drawTimeout();
    // With nobody to wait for, the first tick elects.
    if (this.sole) this.electionTimeout = 1;
  }

  get damaged(): boolean {
    return this.healing !== undefined;
  }

  /** Uniform in [min, max], drawn anew for each attempt (Raft paper, section 5.2). */
  drawTimeout(): void {
    const { electionTicksMin: min, electionTicksMax: max } = this.limits;
    this.electionElapsed = 0;
    this.electionTimeout = min + Math.floor(this.options.random() * (max - min + 1));
  }

  /** A live leader was heard within the minimum election timeout: nobody needs another (thesis, section 4.2.3). */
  hasLiveLeader(): boolean {
    if (this.role === 'leader') return true;
    return this.leader !== undefined && this.leaderElapsed < this.limits.electionTicksMin;
  }

  send(message: RaftMessage): void {
    this.fx.send.push(message);
  }

  /** Sends what promises something about this disk, once the newest persist, this step's included, is durable. */
  promise(message: RaftMessage): void {
    this.#promises.push(message);
  }

  /** Asks the disk; the id of the load. */
  load(effect: Omit<LoadEffect, 'id'>): number {
    this.#lastLoad += 1;
    const load = { id: this.#lastLoad, ...effect };
    this.loads.add(load, this.damaged ? noIndex : this.durability.index);
    this.fx.load.push(load);
    return load.id;
  }

  grantVote(to: ReplicaId): void {
    assert(this.vote === undefined || this.vote === to, 'one vote per term', this.term, this.vote, to);
    if (this.vote === to) return;
    this.vote = to;
    this.staging.hard();
  }

  /** The only place where the term changes. */
  raiseTerm(term: Term): void {
    assert(term > this.term, 'R6: the term never falls', term, this.term);
    this.term = term;
    this.vote = undefined;
    this.staging.hard();
    this.healing?.termRaised();
  }

  /** Follows `leader` in `term`, which is not below the own one. A vote given in this term stays given (B2). */
  becomeFollower(term: Term, leader: ReplicaId | undefined): void {
    if (term > this.term) this.raiseTerm(term);
    assert(term === this.term, 'R6: the term never falls', term, this.term);
    const ended = this.lead;
    this.role = 'follower';
    this.leader = leader;
    this.votes.clear();
    if (ended === undefined) return;
    this.lead = undefined;
    this.drawTimeout();
    ended.reads.abandon((id) => this.refuseRead(id));
  }

  /** A message of this term's leader came: nobody needs an election now. */
  heardLeader(term: Term, leader: ReplicaId): void {
    assert(this.role !== 'leader' || term > this.term, 'R1: one leader per term', term, leader);
    if (term > this.term || this.role !== 'follower' || this.leader !== leader) {
      this.becomeFollower(term, leader);
    }
    this.leaderElapsed = 0;
    this.electionElapsed = 0;
  }

  refuseRead(id: number): void {
    this.fx.reads.push({ id, ok: false, leader: this.leader });
  }

  commitTo(index: LogIndex): void {
    if (index <= this.commit) return;
    assert(index <= this.log.last, 'R7: commit is at most last', index, this.log.last);
    this.commit = index;
    this.fx.commit = index;
  }

  appendToLog(entries: readonly Entry[]): void {
    for (const entry of entries) this.log.append(entry);
    this.staging.append(entries);
  }

  /** Removes a suffix that contradicts the leader's log, in the same persist as what takes its place. */
  truncateLog(from: LogIndex): void {
    assert(from > this.commit, 'R5: a committed entry is never overwritten', from, this.commit, this.term);
    this.cutLog(from);
    this.staging.truncate(from);
  }

  /** The log in memory ends before `from`; what is on disk from there on is no longer this log's. */
  cutLog(from: LogIndex): void {
    this.log.truncateFrom(from);
    this.durability.cut(from);
    this.loads.cut(from);
  }

  /** What a candidate is compared with: the log, or for a damaged replica what it owes; undefined: not known. */
  voteTail(): Tail | undefined {
    if (this.healing === undefined) return this.log.tail();
    const { owed } = this.healing;
    return owed.kind === 'known' ? owed.tail : undefined;
  }

  /** End of a step: one persist for all that it changed, and the promises tied to it. */
  finish(): void {
    const { index: durable } = this.durability;
    assert(durable <= this.log.last, 'durable is at most last', durable, this.log.last);
    if (!this.staging.empty) this.#issuePersist();
    if (this.#promises.length > 0) this.#holdPromises();
    const told = this.#told;
    if (told.role === this.role && told.term === this.term && told.leader === this.leader) return;
    this.#told = { role: this.role, term: this.term, leader: this.leader };
    this.fx.role = this.#told;
  }

  #issuePersist(): void {
    const token = this.durability.issue();
    if (this.staging.changesLog) this.durability.covers(this.log.last);
    const hard = { term: this.term, vote: this.vote };
    this.fx.persist.push(this.staging.take(token, hard, this.log.tail(), this.damaged));
  }

  #holdPromises(): void {
    const { issued, settled } = this.durability;
    for (const message of this.#promises) {
      assert(
        message.term === this.term,
        'a promise is of the current term',
        message.kind,
        message.term,
        this.term,
      );
      if (settled && message.to !== this.self) this.fx.send.push(message);
      else this.outbox.hold(issued, this.term, message);
    }
    this.#promises = [];
  }
}
