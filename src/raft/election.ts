/**
 * Elections (Raft paper, section 5.2 and 5.4.1), with pre-vote (thesis, section 9.6), the vote lease (section 4.2.3)
 * and answers to messages of lower terms, without which a lagging candidate would never learn why nobody answers (B10).
 */
import type { LogIndex, Term } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { toTerm } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import { becomeLeader } from './leader.ts';
import type { PreVote, PreVoteReply, TimeoutNow, Vote, VoteReply } from './messages.ts';

/** Learners and damaged replicas never campaign. */
function electable(core: Core): boolean {
  return core.voter && !core.damaged && !core.withdrawn;
}

export function tickElection(core: Core): void {
  core.electionElapsed += 1;
  core.leaderElapsed += 1;
  if (core.electionElapsed < core.electionTimeout) return;
  core.drawTimeout();
  if (electable(core)) preCampaign(core);
  else core.becomeFollower(core.term, undefined);
}

/** The link to a leader was cut, which is certain news: no need to wait for the timeout, but spread the attempts. */
export function suspectLeader(core: Core): void {
  core.becomeFollower(core.term, undefined);
  core.electionElapsed = 0;
  core.electionTimeout = 1 + Math.floor(core.options.random() * 3);
}

export function onCampaign(core: Core): void {
  if (!electable(core) || core.hasLiveLeader()) return;
  core.drawTimeout();
  preCampaign(core);
}

/** Asks whether an election could be won. Nothing changes but the role: neither term nor vote. */
function preCampaign(core: Core): void {
  core.becomeFollower(core.term, undefined);
  core.role = 'pre-candidate';
  core.votes.set(core.self, true);
  const { self, log } = core;
  for (const to of core.peers) {
    const term = toTerm(core.term + 1);
    core.send({ kind: 'pre-vote', from: self, to, term, lastIndex: log.last, lastTerm: log.lastTerm });
  }
  judgePreVote(core);
}

function judgePreVote(core: Core): void {
  const tally = core.quorum.tally(core.votes);
  if (tally === 'won') campaign(core, false);
  else if (tally === 'lost') core.becomeFollower(core.term, undefined);
}

/**
 * Votes for itself in a new term. The requests leave only when term and vote are durable: else it could be voted for,
 * die, forget, and lead the same term a second time. Its own vote waits in the same way.
 */
function campaign(core: Core, transfer: boolean): void {
  assert(electable(core), 'a damaged replica or a learner never campaigns', core.self);
  core.becomeFollower(toTerm(core.term + 1), undefined);
  core.role = 'candidate';
  core.grantVote(core.self);
  core.drawTimeout();
  const { self, term, log } = core;
  core.promise({ kind: 'vote-reply', from: self, to: self, term, granted: true });
  for (const to of core.peers) {
    const lastIndex = log.last;
    core.promise({ kind: 'vote', from: self, to, term, lastIndex, lastTerm: log.lastTerm, transfer });
  }
}

/** Lexicographic by (term, index), against what this replica has, or owes (Raft paper, section 5.4.1). */
function isUpToDate(core: Core, lastTerm: Term, lastIndex: LogIndex): boolean {
  const own = core.voteTail();
  if (own === undefined) return false;
  return lastTerm === own.term ? lastIndex >= own.index : lastTerm > own.term;
}

export function onPreVote(core: Core, message: PreVote): void {
  const granted =
    message.term > core.term &&
    !core.hasLiveLeader() &&
    isUpToDate(core, message.lastTerm, message.lastIndex);
  const term = granted ? message.term : core.term;
  core.send({ kind: 'pre-vote-reply', from: core.self, to: message.from, term, granted });
}

/** A refusal may tell of a higher term, which ends this attempt; the next one is made in that term (B10). */
export function onPreVoteReply(core: Core, message: PreVoteReply): void {
  if (!message.granted && message.term > core.term) {
    core.becomeFollower(message.term, undefined);
    return;
  }
  // A grant may come after the refusal of an earlier attempt in the same term: nothing hangs on a pre-vote but time.
  if (core.role !== 'pre-candidate' || core.votes.get(message.from) === true) return;
  if (message.granted && message.term !== core.term + 1) return;
  core.votes.set(message.from, message.granted);
  judgePreVote(core);
}

/**
 * The lease is judged before the term is looked at: who hears a leader ignores candidates altogether. A refused
 * candidate does not stop this replica's own timer (B8).
 */
export function onVote(core: Core, message: Vote): void {
  const { from } = message;
  if (message.term < core.term) {
    core.send({ kind: 'vote-reply', from: core.self, to: from, term: core.term, granted: false });
    return;
  }
  if (!message.transfer && core.hasLiveLeader()) return;
  if (message.term > core.term) core.becomeFollower(message.term, undefined);
  const free = core.vote === undefined || core.vote === from;
  const granted = free && isUpToDate(core, message.lastTerm, message.lastIndex);
  const reply: VoteReply = { kind: 'vote-reply', from: core.self, to: from, term: core.term, granted };
  if (!granted) {
    core.send(reply);
    return;
  }
  core.grantVote(from);
  core.electionElapsed = 0;
  core.promise(reply);
}

/** Counted once per voter, in its own term only (B6). */
export function onVoteReply(core: Core, message: VoteReply): void {
  if (message.term > core.term) {
    core.becomeFollower(message.term, undefined);
    return;
  }
  if (message.term < core.term || core.role !== 'candidate' || core.votes.has(message.from)) return;
  core.votes.set(message.from, message.granted);
  const tally = core.quorum.tally(core.votes);
  if (tally === 'won') becomeLeader(core);
  else if (tally === 'lost') core.becomeFollower(core.term, undefined);
}

/** The leader hands over: campaign without pre-vote, and with leave to break the lease (thesis, section 3.10). */
export function onTimeoutNow(core: Core, message: TimeoutNow): void {
  if (message.term < core.term || core.role === 'leader' || !electable(core)) return;
  if (message.term > core.term) core.becomeFollower(message.term, undefined);
  campaign(core, true);
}
