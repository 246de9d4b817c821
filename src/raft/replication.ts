/**
 * The leader's side of log replication (Raft paper, section 5.3; thesis, section 10.2). Appends promise nothing about
 * this disk, so they leave while the leader's own write of the same entries is still under way.
 */
import type { LogIndex, ReplicaId } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { lower, toIndex } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import type { Leadership } from './leadership.ts';
import type { AppendReply } from './messages.ts';
import type { Progress } from './progress.ts';
import { serveReads } from './reads.ts';
import { continueTransfer } from './transfer.ts';
import type { Entry } from './types.ts';

const noEntries: readonly Entry[] = [];

/** Sends a follower everything that its window allows. */
export function replicate(core: Core, to: Progress): void {
  if (to.loadId !== undefined) return;
  if (to.probing) {
    if (!to.paused) probe(core, to);
    return;
  }
  while (to.next <= core.log.last && !to.window.full) {
    if (to.next < core.log.firstInMemory) {
      requestEntries(core, to);
      return;
    }
    const { appendBytes, appendEntries } = core.limits;
    sendAppend(core, to, core.log.slice(to.next, appendBytes, appendEntries));
  }
}

export function replicateToAll(core: Core, lead: Leadership): void {
  for (const follower of lead.followers.values()) replicate(core, follower);
}

/** One append at a time. Without entries when they are no longer in memory: finding the place needs none. */
function probe(core: Core, to: Progress): void {
  const { appendBytes, appendEntries } = core.limits;
  const inMemory = to.next <= core.log.last && to.next >= core.log.firstInMemory;
  sendAppend(core, to, inMemory ? core.log.slice(to.next, appendBytes, appendEntries) : noEntries);
}

function sendAppend(core: Core, to: Progress, entries: readonly Entry[]): void {
  assert(core.role === 'leader', 'only a leader appends', core.term, core.role);
  const prevIndex = toIndex(to.next - 1);
  const prevTerm = core.log.termAt(prevIndex);
  assert(prevTerm !== undefined, 'an append continues the log', prevIndex, core.log.last);
  core.send({
    kind: 'append',
    from: core.self,
    to: to.replica,
    term: core.term,
    prevIndex,
    prevTerm,
    commit: core.commit,
    last: core.log.last,
    stream: to.stream,
    entries,
  });
  to.toldCommit = core.commit;
  let bytes = 0;
  for (const entry of entries) bytes += entry.bytes.byteLength;
  if (entries.length > 0 || to.probing) to.sent(toIndex(prevIndex + entries.length), bytes);
}

/** An append without entries: carries the commit index, and finds out whether appends in flight were lost. */
function sendEmptyAppend(core: Core, to: Progress): void {
  if (to.loadId === undefined && !to.probing) sendAppend(core, to, noEntries);
}

function requestEntries(core: Core, to: Progress): void {
  to.loadId = core.load({
    reason: 'replicate',
    from: to.next,
    to: toIndex(core.log.firstInMemory - 1),
    maxBytes: core.limits.appendBytes,
    maxEntries: core.limits.appendEntries,
  });
}

/** What the store read for a slow follower; nothing, or something else than was asked for: try again with the next heartbeat. */
export function onEntriesLoaded(core: Core, id: number, entries: readonly Entry[]): void {
  for (const follower of core.lead?.followers.values() ?? []) {
    if (follower.loadId !== id) continue;
    follower.loadId = undefined;
    if (continues(core, follower, entries)) {
      sendAppend(core, follower, entries);
      replicate(core, follower);
    } else {
      follower.probeFrom(follower.next);
      follower.paused = true;
    }
    return;
  }
}

function continues(core: Core, to: Progress, entries: readonly Entry[]): boolean {
  let expected = to.next;
  for (const entry of entries) {
    if (entry.index !== expected || entry.term !== core.log.termAt(expected)) return false;
    expected = toIndex(expected + 1);
  }
  return entries.length > 0;
}

export function onAppendReply(core: Core, message: AppendReply): void {
  const lead = core.lead;
  const from = lead?.followers.get(message.from);
  if (lead === undefined || from === undefined) return;
  from.heardAt = core.ticks;
  if (message.outcome === 'reject') {
    onReject(core, from, message);
    return;
  }
  assert(
    message.index <= core.log.last,
    'a follower has no more than it was sent',
    message.index,
    core.log.last,
  );
  if (message.outcome === 'stored') from.stored(message.index, message.hintIndex);
  else if (from.acked(message.index)) advanceCommit(core, lead);
  // Counting may have ended nothing, but a read or a transfer may wait for this follower.
  replicate(core, from);
  if (core.options.lazyCommit !== true) tellCommit(core, from);
  continueTransfer(core, lead, from);
}

/** Steps back over whole terms of both logs (Raft paper, end of section 5.3). */
function onReject(core: Core, from: Progress, message: AppendReply): void {
  if (from.isStaleReject(message.index, message.stream)) return;
  const agreed = core.log.agreementUpTo(message.hintIndex, message.hintTerm);
  from.probeFrom(lower(toIndex(agreed + 1), message.index));
  replicate(core, from);
}

/** To every follower that would else hear of it only with the next heartbeat. */
export function tellCommits(core: Core, lead: Leadership): void {
  for (const follower of lead.followers.values()) tellCommit(core, follower);
}

/** A follower that has nothing more coming would hear of a commit only with the next heartbeat. */
function tellCommit(core: Core, to: Progress): void {
  const idle = !to.probing && to.next > core.log.last && to.window.count === 0;
  if (idle && to.toldCommit < core.commit) sendEmptyAppend(core, to);
}

/**
 * A heartbeat's answer revives a stream that a lost message has stopped: a probe is repeated; what does not fit a full
 * window, or has already been sent, is asked after by an empty append, which is acked or rejected (B28).
 */
export function revive(core: Core, from: Progress): void {
  if (from.loadId !== undefined) return;
  if (from.probing) {
    from.paused = false;
    replicate(core, from);
    return;
  }
  if (from.match === core.log.last) return;
  const before = from.next;
  replicate(core, from);
  if (from.next === before) sendEmptyAppend(core, from);
}

/**
 * Commits what a majority has on disk. Only an entry of the own term is committed by counting; older ones go with it
 * (Raft paper, section 5.4.2, figure 8). The leader counts for what is durable here.
 */
export function advanceCommit(core: Core, lead: Leadership): void {
  const index = toIndex(core.quorum.reached((voter) => matchOf(core, lead, voter)));
  if (index <= core.commit || core.log.termAt(index) !== core.term) return;
  const before = core.commit;
  core.commitTo(index);
  lead.stalled = 0;
  for (let at = before + 1; at <= index; at += 1) {
    if (at > lead.noop) lead.uncommittedBytes -= core.log.entryAt(toIndex(at))?.bytes.byteLength ?? 0;
  }
  assert(lead.uncommittedBytes >= 0, 'bytes are committed once', lead.uncommittedBytes);
  if (core.options.lazyCommit !== true) tellCommits(core, lead);
  if (before < lead.noop) serveReads(core, lead);
}

function matchOf(core: Core, lead: Leadership, voter: ReplicaId): LogIndex {
  if (voter !== core.self) return lead.followers.get(voter)?.match ?? toIndex(0);
  return core.damaged ? toIndex(0) : core.durability.index;
}
