/**
 * When a replica needs no ticks: nothing is left to do in its group, so that its heartbeats and their answers would only say again
 * that leader and followers are alive. The shell may know that of all groups of two nodes at once.
 *
 * Nothing but liveness hangs on it. A replica that rests still votes, acks, commits and confirms reads by messages of its own
 * group alone; what it does without is the clock, which no promise is built on.
 */
import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import type { Progress } from './progress.ts';

/** Damaged replicas and learners are never vouched for. */
export function isRestful(core: Core): boolean {
  if (core.damaged || core.withdrawn || !core.voter) return false;
  if (core.lead !== undefined) return isAnsweredCalm(core, core.lead);
  return core.role === 'follower' && core.leader !== undefined;
}

/** A round begins; with nothing left to do, its answers say that the followers know the commit index too. */
export function noteCalm(core: Core, lead: Leadership, context: number): void {
  if (!isCalm(core, lead)) lead.calmContext = 0;
  else if (lead.calmContext === 0 || lead.calmCommit !== core.commit) {
    lead.calmContext = context;
    lead.calmCommit = core.commit;
  }
}

export function onRested(core: Core, ticks: number): void {
  // Something happened since the shell judged: that has set the clocks.
  if (!isRestful(core)) return;
  core.electionElapsed = ticks;
  core.leaderElapsed = ticks;
  const { lead } = core;
  if (lead === undefined) return;
  for (const follower of lead.followers.values()) follower.heardAt = core.ticks;
  core.ticks += ticks;
  // Whoever wakes a leader has a doubt about its followers: the next tick asks them.
  lead.heartbeatElapsed = core.limits.heartbeatTicks;
}

/** Everything is committed and on every follower's disk. */
function isCalm(core: Core, lead: Leadership): boolean {
  const { log, commit } = core;
  if (log.last !== commit || commit < lead.noop || lead.transfer !== undefined) return false;
  for (const follower of lead.followers.values()) if (!isLevel(core, follower)) return false;
  return true;
}

function isLevel(core: Core, { match, probing, damaged, loadId }: Progress): boolean {
  return match === core.log.last && !probing && !damaged && loadId === undefined;
}

/** A follower whose match was forgotten since the calm round has told it anew by an ack, to an append that named the same commit. */
function isAnsweredCalm(core: Core, lead: Leadership): boolean {
  const { calmContext, calmCommit, reads, followers } = lead;
  if (calmContext === 0 || calmCommit !== core.commit || reads.count > 0 || !isCalm(core, lead)) return false;
  for (const follower of followers.values()) if (follower.context < calmContext) return false;
  return true;
}
