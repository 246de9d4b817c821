/** Heartbeats, and the linearizable reads that ride on them (thesis, section 6.4). No leases: no clock is trusted. */
import type { ReplicaId } from '@callboard/client/protocol';
import { lower } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import { noteCalm } from './rest.ts';

/** One heartbeat to every follower. Reads that came before join this round, once an own-term entry is committed (B34). */
export function beginRound(core: Core, lead: Leadership): void {
  lead.heartbeatElapsed = 0;
  const context = lead.reads.begin(core.commit >= lead.noop ? core.commit : undefined);
  noteCalm(core, lead, context);
  for (const follower of lead.followers.values()) {
    core.send({
      kind: 'heartbeat',
      from: core.self,
      to: follower.replica,
      term: core.term,
      commit: lower(core.commit, follower.match),
      last: core.log.last,
      context,
    });
  }
  confirmReads(core, lead);
}

/** A round confirms its reads when a majority of undamaged voters, this one among them, has answered it. */
export function confirmReads(core: Core, lead: Leadership): void {
  if (lead.reads.idle) return;
  const context = core.quorum.reached((voter) => contextOf(core, lead, voter));
  lead.reads.confirm(context, (id, index) => core.fx.reads.push({ id, ok: true, index }));
  serveReads(core, lead);
}

function contextOf(core: Core, lead: Leadership, voter: ReplicaId): number {
  if (voter !== core.self) return lead.followers.get(voter)?.context ?? 0;
  return core.damaged ? 0 : lead.reads.context;
}

/** Starts a round for waiting reads, unless one is under way: then they take the next. */
export function serveReads(core: Core, lead: Leadership): void {
  if (lead.reads.waiting && lead.reads.idle && core.commit >= lead.noop) beginRound(core, lead);
}

export function onRead(core: Core, id: number): void {
  const lead = core.lead;
  if (lead === undefined || lead.reads.count >= core.limits.pendingReads) {
    core.refuseRead(id);
    return;
  }
  lead.reads.add(id);
  serveReads(core, lead);
}
