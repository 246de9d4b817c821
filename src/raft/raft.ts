/**
 * The consensus core: one replica of one group. Synchronous and deterministic: each step takes one input and adds to
 * the effects what must be sent, written, read or told. The contract is in core-contract.ts.
 */
import type { LogIndex, ReplicaId, Term } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { lower, toIndex } from './brand-arithmetic.ts';
import { Core } from './core.ts';
import type { Effects, Input, ProposeRefusal, RaftCore, RaftOptions, RaftStatus } from './core-contract.ts';
import {
  onCampaign,
  onPreVote,
  onPreVoteReply,
  onTimeoutNow,
  onVote,
  onVoteReply,
  suspectLeader,
  tickElection,
} from './election.ts';
import { FetchServer } from './fetch-server.ts';
import { onAppend, onHeartbeat } from './follower.ts';
import { healingWritten, onFetched, onLocalLoaded, tickHealing } from './healing.ts';
import { onHeartbeatReply, onPropose, refusal, tickLeader } from './leader.ts';
import type { RaftMessage } from './messages.ts';
import { onRead } from './reads.ts';
import { isRestful, onRested } from './rest.ts';
import { advanceCommit, onAppendReply, onEntriesLoaded, replicate } from './replication.ts';
import { beginTransfer, withdraw } from './transfer.ts';
import type { Entry, Role, Tail } from './types.ts';

type Loaded = Extract<Input, { kind: 'loaded' }>;

export class Raft implements RaftCore {
  readonly #core: Core;
  readonly #fetches: FetchServer = new FetchServer();

  constructor(options: RaftOptions) {
    this.#core = new Core(options);
  }

  step(input: Input, effects: Effects): void {
    const core = this.#core;
    core.fx = effects;
    if (core.withdrawn) {
      if (input.kind === 'read') core.refuseRead(input.id);
      return;
    }
    this.#take(input);
    core.finish();
  }

  refusal(bytes: number): ProposeRefusal | undefined {
    return refusal(this.#core, bytes);
  }

  tail(): Tail {
    return this.#core.log.tail();
  }

  committedAfter(index: LogIndex, max: number): readonly Entry[] {
    const { log, commit } = this.#core;
    const from = toIndex(index + 1);
    if (from > commit || from < log.firstInMemory) return [];
    return log.slice(from, Infinity, Math.min(max, commit - index));
  }

  termAt(index: LogIndex): Term | undefined {
    return this.#core.log.termAt(index);
  }

  get role(): Role {
    return this.#core.role;
  }

  get term(): Term {
    return this.#core.term;
  }

  get leader(): ReplicaId | undefined {
    return this.#core.leader;
  }

  get damaged(): boolean {
    return this.#core.damaged || this.#core.withdrawn;
  }

  get restful(): boolean {
    return isRestful(this.#core);
  }

  get durable(): LogIndex {
    return this.#core.durability.index;
  }

  get uncommittedBytes(): number {
    return this.#core.lead?.uncommittedBytes ?? 0;
  }

  status(): RaftStatus {
    const core = this.#core;
    const { role, term, vote, leader, commit, applied, damaged } = core;
    const followers = [...(core.lead?.followers.values() ?? [])].map((follower) => ({
      replica: follower.replica,
      state: follower.state,
      match: follower.match,
      next: follower.next,
      damaged: follower.damaged,
      active: core.ticks - follower.heardAt < core.limits.electionTicksMin,
    }));
    return {
      role,
      term,
      vote,
      leader,
      commit,
      applied,
      last: core.log.last,
      durable: core.durability.index,
      damaged: damaged || core.withdrawn,
      uncommittedBytes: core.lead?.uncommittedBytes ?? 0,
      followers,
    };
  }

  #take(input: Input): void {
    const core = this.#core;
    switch (input.kind) {
      case 'tick':
        tick(core);
        break;
      case 'rested':
        onRested(core, input.ticks);
        break;
      case 'message':
        core.named = input.anyLife !== true;
        this.#receive(input.message);
        break;
      case 'propose':
        onPropose(core, input.entries);
        break;
      case 'written':
        noteWritten(core, input.token);
        break;
      case 'applied':
        noteApplied(core, input.index);
        break;
      case 'read':
        onRead(core, input.id);
        break;
      case 'loaded':
        this.#loaded(input);
        break;
      case 'suspect':
        suspect(core, input.peer);
        break;
      case 'restarted':
        restarted(core, input.peer);
        break;
      case 'campaign':
        onCampaign(core);
        break;
      case 'transfer':
        beginTransfer(core, input.to);
        break;
      case 'damage-found':
        withdraw(core);
        break;
    }
  }

  #receive(message: RaftMessage): void {
    const core = this.#core;
    assert(message.to === core.self, 'a message reaches its addressee', message.to, core.self);
    switch (message.kind) {
      case 'pre-vote':
        onPreVote(core, message);
        return;
      case 'pre-vote-reply':
        onPreVoteReply(core, message);
        return;
      case 'vote':
        onVote(core, message);
        return;
      case 'vote-reply':
        onVoteReply(core, message);
        return;
      case 'append':
        onAppend(core, message);
        return;
      case 'heartbeat':
        onHeartbeat(core, message);
        return;
      case 'append-reply':
      case 'heartbeat-reply':
        if (isCurrent(core, message)) answered(core, message);
        return;
      case 'timeout-now':
        onTimeoutNow(core, message);
        return;
      case 'fetch':
        this.#fetches.onFetch(core, message);
        return;
      case 'fetched':
        onFetched(core, message);
        return;
    }
  }

  /** Whoever asked for it: a copy that is bad where it has to be sound is damage, and this replica answers nobody from it. */
  #loaded({ id, entries, bad }: Loaded): void {
    const core = this.#core;
    const damage = core.loads.answered(id, entries, bad, (index) => core.log.termAt(index));
    if (damage !== undefined) {
      core.fx.damage = damage;
      withdraw(core);
      return;
    }
    if (this.#fetches.onLoaded(core, id, entries)) return;
    if (onLocalLoaded(core, id, entries)) return;
    onEntriesLoaded(core, id, entries);
  }
}

/** The link to `peer` was closed: what was on its way to or from it is lost. */
function suspect(core: Core, peer: ReplicaId): void {
  if (core.leader === peer) suspectLeader(core);
  core.lead?.followers.get(peer)?.linkLost();
}

/** `peer` begins anew: it leads nothing, and a leader finds out what it still has. */
function restarted(core: Core, peer: ReplicaId): void {
  if (core.leader === peer) suspectLeader(core);
  const follower = core.lead?.followers.get(peer);
  if (follower === undefined) return;
  follower.restarted();
  replicate(core, follower);
}

type LeaderReply = Extract<RaftMessage, { kind: 'append-reply' | 'heartbeat-reply' }>;

/** Answers to an earlier leadership are void (B33); one of a later term ends this one. */
function isCurrent(core: Core, message: LeaderReply): boolean {
  if (message.term > core.term) core.becomeFollower(message.term, undefined);
  return message.term === core.term && core.role === 'leader';
}

function answered(core: Core, message: LeaderReply): void {
  if (message.kind === 'append-reply') onAppendReply(core, message);
  else onHeartbeatReply(core, message);
}

function tick(core: Core): void {
  core.ticks += 1;
  if (core.lead === undefined) tickElection(core);
  else tickLeader(core, core.lead);
  if (core.healing !== undefined) tickHealing(core, core.healing);
}

/** Durable up to `token`: what was promised on that condition may leave, and the leader counts its own copy. */
function noteWritten(core: Core, token: number): void {
  core.durability.complete(token);
  for (const message of core.outbox.release(token, core.term)) {
    if (message.to !== core.self) core.send(message);
    else if (message.kind === 'vote-reply') onVoteReply(core, message);
  }
  if (core.healing !== undefined) healingWritten(core, core.healing);
  if (core.lead !== undefined) advanceCommit(core, core.lead);
  core.log.release(lower(core.applied, core.durability.index));
}

function noteApplied(core: Core, index: LogIndex): void {
  assert(index >= core.applied, 'R6: applied never goes back', index, core.applied);
  assert(index <= core.commit, 'R7: applied is at most commit', index, core.commit);
  core.applied = index;
  core.log.release(lower(index, core.durability.index));
}
