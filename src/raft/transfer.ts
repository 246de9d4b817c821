/** Handing leadership over (thesis, section 3.10), and laying it down. */
import type { ReplicaId } from '@callboard/client/protocol';
import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import type { Progress } from './progress.ts';

function isActive(core: Core, follower: Progress): boolean {
  return core.ticks - follower.heardAt < core.limits.electionTicksMin;
}

function mayTakeOver(core: Core, follower: Progress): boolean {
  return core.quorum.isVoter(follower.replica) && !follower.damaged && isActive(core, follower);
}

function bestFollower(core: Core, lead: Leadership): Progress | undefined {
  let best: Progress | undefined;
  for (const follower of lead.followers.values()) {
    if (mayTakeOver(core, follower) && (best === undefined || follower.match > best.match)) best = follower;
  }
  return best;
}

/** No proposals from now on; the target campaigns when it has everything. A later call replaces an earlier one. */
export function beginTransfer(core: Core, to: ReplicaId | undefined): void {
  const lead = core.lead;
  if (lead === undefined || to === core.self) return;
  const target = to === undefined ? bestFollower(core, lead) : lead.followers.get(to);
  if (target === undefined || !mayTakeOver(core, target) || lead.transfer?.to === target.replica) return;
  lead.transfer = { to: target.replica, ticks: 0, told: false };
  continueTransfer(core, lead, target);
}

/** Called whenever `follower` has acked something. */
export function continueTransfer(core: Core, lead: Leadership, follower: Progress): void {
  const transfer = lead.transfer;
  if (transfer === undefined || transfer.told || transfer.to !== follower.replica) return;
  if (follower.damaged || follower.match !== core.log.last) return;
  transfer.told = true;
  sendTimeoutNow(core, follower);
}

/** A transfer that takes an election timeout has failed: take proposals again. */
export function tickTransfer(core: Core, lead: Leadership): void {
  if (lead.transfer === undefined) return;
  lead.transfer.ticks += 1;
  if (lead.transfer.ticks >= core.limits.electionTicksMin) lead.transfer = undefined;
}

function sendTimeoutNow(core: Core, to: Progress): void {
  core.send({ kind: 'timeout-now', from: core.self, to: to.replica, term: core.term });
}

/**
 * This replica's copy turned out to be bad after the open, so nothing that it holds back may be promised any more. It
 * hands leadership over if it has it, and takes part in nothing, not even in its own completed writes: the shell opens the
 * log again, and the verdict then says what it still may do.
 */
export function withdraw(core: Core): void {
  if (core.lead !== undefined) {
    const heir = bestFollower(core, core.lead);
    if (heir !== undefined) sendTimeoutNow(core, heir);
  }
  core.becomeFollower(core.term, undefined);
  core.withdrawn = true;
}
