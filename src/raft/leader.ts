/** The life of a leader: its first entry, its ticks, its proposals. */
import type { ReplicaId } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { toIndex } from './brand-arithmetic.ts';
import type { ProposeRefusal } from './core-contract.ts';
import type { Core } from './core.ts';
import { Leadership } from './leadership.ts';
import type { HeartbeatReply } from './messages.ts';
import { Progress } from './progress.ts';
import { beginRound, confirmReads } from './reads.ts';
import { replicateToAll, revive, tellCommits } from './replication.ts';
import { tickTransfer } from './transfer.ts';
import type { Entry } from './types.ts';

/** Won the election of this term: announces it by an entry of its own (Raft paper, section 8). */
export function becomeLeader(core: Core): void {
  assert(core.role === 'candidate' && core.vote === core.self, 'only a candidate wins', core.role, core.term);
  assert(!core.damaged && core.voter, 'a damaged replica or a learner never leads', core.self);
  const { log } = core;
  const followers = new Map<ReplicaId, Progress>();
  for (const peer of core.peers) followers.set(peer, new Progress(peer, log.last, core.ticks, core.limits));
  const noop = core.options.sealNoop(toIndex(log.last + 1), core.term, log.tail());
  assert(noop.term === core.term, 'the no-op is of the new term', noop.term, core.term);
  const lead = new Leadership(followers, noop.index);
  core.role = 'leader';
  core.leader = core.self;
  core.lead = lead;
  core.votes.clear();
  core.appendToLog([noop]);
  replicateToAll(core, lead);
}

export function refusal(core: Core, bytes: number): ProposeRefusal | undefined {
  if (core.damaged || core.withdrawn) return 'damaged';
  const lead = core.lead;
  if (lead === undefined) return 'not-leader';
  if (core.applied < lead.noop) return 'not-ready';
  if (lead.transfer !== undefined) return 'transferring';
  const over = lead.uncommittedBytes + bytes > core.limits.uncommittedGroupBytes;
  return over && lead.uncommittedBytes > 0 ? 'uncommitted-full' : undefined;
}

export function onPropose(core: Core, entries: readonly Entry[]): void {
  let bytes = 0;
  for (const entry of entries) {
    assert(entry.term === core.term, "a proposal is of the leader's term", entry.term, core.term);
    bytes += entry.bytes.byteLength;
  }
  const refused = refusal(core, bytes);
  const lead = core.lead;
  assert(refused === undefined && lead !== undefined, 'only what is not refused is proposed', refused);
  core.appendToLog(entries);
  lead.uncommittedBytes += bytes;
  replicateToAll(core, lead);
}

export function onHeartbeatReply(core: Core, message: HeartbeatReply): void {
  const lead = core.lead;
  const from = lead?.followers.get(message.from);
  if (lead === undefined || from === undefined) return;
  from.heardAt = core.ticks;
  if (message.damaged) {
    if (!from.damaged) from.foundDamaged(message.last);
  } else {
    if (from.damaged) from.foundWhole();
    if (message.context > from.context) {
      assert(message.context <= lead.reads.context, 'a round is answered after it began', message.context);
      from.context = message.context;
      confirmReads(core, lead);
    }
  }
  revive(core, from);
}

export function tickLeader(core: Core, lead: Leadership): void {
  if (!hasActiveQuorum(core, lead)) {
    core.becomeFollower(core.term, undefined);
    return;
  }
  if (isStalled(core, lead)) {
    giveWay(core);
    return;
  }
  tickTransfer(core, lead);
  if (core.options.lazyCommit === true) tellCommits(core, lead);
  lead.heartbeatElapsed += 1;
  if (lead.heartbeatElapsed >= core.limits.heartbeatTicks) beginRound(core, lead);
}

/** Check-quorum (thesis, section 6.2): a majority was heard within an election timeout. Damaged replicas are alive too. */
function hasActiveQuorum(core: Core, lead: Leadership): boolean {
  const heardAt = (voter: ReplicaId): number =>
    voter === core.self ? core.ticks : (lead.followers.get(voter)?.heardAt ?? -Infinity);
  return core.ticks - core.quorum.reached(heardAt) < core.limits.electionTicksMin;
}

/**
 * Heartbeats may pass where appends do not, and a slow disk answers them: only commits prove that a leader is of use.
 * A sole voter has nobody to give way to.
 */
function isStalled(core: Core, lead: Leadership): boolean {
  if (core.sole) return false;
  lead.stalled = core.log.last > core.commit ? lead.stalled + 1 : 0;
  return lead.stalled >= core.limits.stallTicks;
}

/** Lays leadership down in the same term, vote kept (B2), and lets the others try first. */
function giveWay(core: Core): void {
  core.becomeFollower(core.term, undefined);
  core.electionTimeout += core.limits.electionTicksMax;
}
