/**
 * How a damaged replica becomes whole without an operator.
 *
 * What it is. Its journal is sound, so its term and vote are, and so, as a rule, is its owed tail: the end of the newest
 * log that it ever promised anybody (by ack, vote or vote request). Some entries of that log are missing or bad on its disk.
 * Its log here is the sound prefix found at open. That prefix may be older than what is owed, and even contradict it: an
 * engine that lost a batch shows an earlier state of the same log.
 *
 * Why it is no danger meanwhile. Raft's proof of leader completeness (Raft paper, section 5.4.3) uses an acceptor in
 * two ways: it acked an entry, and it votes for nobody whose log ends below its own. A damaged replica acks nothing, and
 * compares candidates with its owed tail, which ends the log it acked. So for the proof it still has that log.
 * It never campaigns, so what it lacks is never missed in a leader. With the owed tail unknown it grants nothing.
 *
 * When its promise may be exchanged for what is on its disk. There are two ways; both run at once.
 *
 * (b) Without a leader: restore the very log that is owed. The owed tail names its entry by checksum, each entry names
 * the one below by `previous`, so walking down, every entry is proven by the one above it, whoever it comes from: this disk
 * first, then any peer. Where the walk meets the sound prefix with the same checksum, everything below is equal too, and
 * the log is exactly what was promised. Where the prefix has another entry, the prefix is the stale one, and shrinks.
 *
 * (a) With a leader L of at least the own term: take L's log. Let e be any entry that this replica acked and that is, or by
 * acks under way will be, committed; it was acked in a term t at most its own, so at most L's. If t is lower
 * than L's term, L has e by leader completeness, in which this replica took part only by votes that honoured the
 * owed tail. If t is L's term, L itself sent e, and had it when it reported its last index to this replica after this open:
 * a leader's log only grows in its term, messages to an earlier incarnation are not delivered to this one, and those that name no
 * incarnation, which may have been sent before this open, count for nothing here. So
 * once this log equals L's up to that index, it has every e. That index is at or above L's no-op; so the entry there is of L's
 * term, and whatever this log has beyond it is of that term as well, hence from L. As a second lock, a known owed
 * tail must not lie above the new one in (term, index): the tail that votes are compared with never falls.
 *
 * Where they meet. Way (a) may put entries where (b) found others, or truncate what (b) wants to read. Then the
 * walk starts again from the owed tail, and reads the disk only after those writes are done. Way (b) never
 * touches an index at or below the commit index, or at or below what equals this term's leader: if the owed log contradicts
 * that, then by the argument of (a) nothing in which they differ was ever committed; the walk stops, and way (a) finishes,
 * or a new term begins.
 *
 * The end. Both ways end in one persist that says `healed` with the new tail, in order after every entry that it
 * stands on, and deletes what lies above. Until it is written, nothing changes: votes go by the owed tail, appends are let
 * pass by. A crash before it leaves the replica damaged with the same owed tail, and richer by some entries; a walk's
 * entries lie above a hole, where the next open takes them for what they are, by checksum, or not at all.
 */
import type { LogIndex } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { higher, toIndex } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import { chainEndingIn } from './fetch-server.ts';
import type { HealingState, Walk } from './healing-state.ts';
import type { Fetched } from './messages.ts';
import { unknownChecksum } from './raft-log.ts';
import type { Entry, Tail, TermRun } from './types.ts';

/** Way (a): this log was extended from `first` on, after a truncation or without one. */
export function appended(core: Core, healing: HealingState, first: LogIndex, truncated: boolean): void {
  healing.highest = higher(healing.highest, core.log.last);
  const { walk } = healing;
  if (walk === undefined) return;
  const overwrites = walk.found.length > 0 && core.log.last > walk.index;
  if (truncated || overwrites) restart(core, walk);
  else if (first <= walk.index && walk.index <= core.log.last) advance(core, healing);
}

/** Way (a): a leader of this term has said where its log ends; the first such report is enough. */
export function reportedLast(core: Core, healing: HealingState, last: LogIndex): void {
  healing.target ??= last;
  if (healing.closing !== undefined || healing.matched < healing.target) return;
  const { owed } = healing;
  const tail = core.log.tail();
  if (owed.kind === 'known' && isAbove(owed.tail, tail)) return;
  assert(tail.term === core.term, "a leader's last entry is of its own term", tail.term, core.term);
  close(core, healing, tail, []);
}

function isAbove(a: Tail, b: Tail): boolean {
  return a.term === b.term ? a.index > b.index : a.term > b.term;
}

export function tickHealing(core: Core, healing: HealingState): void {
  const { walk } = healing;
  if (walk === undefined) return;
  advance(core, healing);
  if (walk.source !== 'peers' || walk.blocked || healing.closing !== undefined) return;
  walk.wait -= 1;
  if (walk.wait > 0) return;
  if (walk.attempts % circleOf(core) === 0) {
    // Everybody was asked. A read that failed may have failed for once.
    walk.source = 'disk';
    advance(core, healing);
    if (walk.loadId !== undefined) return;
    walk.source = 'peers';
  }
  if (!walk.blocked && healing.closing === undefined) askPeer(core, walk);
}

function circleOf(core: Core): number {
  return Math.max(1, core.peers.length);
}

/** Way (b): goes as far as it can without waiting for disk or peers. */
function advance(core: Core, healing: HealingState): void {
  const { walk } = healing;
  if (walk === undefined || walk.blocked || healing.closing !== undefined) return;
  const known = checksumInMemory(core, walk.index);
  if (known === walk.checksum) {
    meet(core, healing, walk);
    return;
  }
  if (known !== undefined && walk.index <= floorOf(core, healing)) {
    walk.blocked = true;
    return;
  }
  // The disk holds what the log holds: another entry.
  if (known !== undefined) walk.source = 'peers';
  if (walk.source === 'disk') readDisk(core, walk);
}

/** Below this nothing that a leader said is ever given up. */
function floorOf(core: Core, healing: HealingState): LogIndex {
  return higher(core.commit, healing.matched);
}

/** Undefined above the log, and where no entry is in memory. */
function checksumInMemory(core: Core, index: LogIndex): number | undefined {
  if (index === 0) return 0;
  const checksum = index === core.log.last ? core.log.checksum : core.log.entryAt(index)?.checksum;
  return checksum === unknownChecksum ? undefined : checksum;
}

function readDisk(core: Core, walk: Walk): void {
  if (walk.loadId !== undefined || core.durability.written < walk.notBefore) return;
  const from = walk.index > core.log.last ? core.log.last + 1 : 1;
  const { appendBytes: maxBytes, appendEntries: maxEntries } = core.limits;
  walk.loadId = core.load({
    reason: 'local',
    from: toIndex(from),
    to: walk.index,
    maxBytes,
    maxEntries,
  });
}

function askPeer(core: Core, walk: Walk): void {
  const { heartbeatTicks, electionTicksMax } = core.limits;
  const circles = Math.floor(walk.attempts / circleOf(core));
  walk.wait = Math.min(heartbeatTicks * 2 ** Math.min(circles, 8), electionTicksMax);
  walk.attempts += 1;
  const to = core.peers[walk.peer];
  if (to === undefined) return;
  walk.peer = (walk.peer + 1) % core.peers.length;
  core.send({
    kind: 'fetch',
    from: core.self,
    to,
    term: core.term,
    index: walk.index,
    checksum: walk.checksum,
  });
}

/** True if the load was the walk's. */
export function onLocalLoaded(core: Core, id: number, entries: readonly Entry[]): boolean {
  const healing = core.healing;
  const walk = healing?.walk;
  if (healing === undefined || walk === undefined || walk.loadId !== id) return false;
  walk.loadId = undefined;
  if (healing.closing !== undefined || walk.blocked) return true;
  const sound = chainEndingIn(entries, walk.index, walk.checksum);
  if (sound.length === 0) {
    walk.source = 'peers';
    askPeer(core, walk);
    return true;
  }
  for (let at = sound.length - 1; at >= 0; at -= 1) {
    const entry = sound[at];
    if (entry === undefined || !takeLocal(core, healing, walk, entry)) return true;
  }
  advance(core, healing);
  return true;
}

/** False when the walk is over, or must go on in another way. */
function takeLocal(core: Core, healing: HealingState, walk: Walk, entry: Entry): boolean {
  if (entry.index <= core.log.last) {
    // Here the disk is the log, unless a write is under way: then memory knows better.
    const known = checksumInMemory(core, entry.index) ?? entry.checksum;
    if (known === entry.checksum) meet(core, healing, walk);
    else advance(core, healing);
    return false;
  }
  pass(walk, entry);
  return true;
}

/** One entry of the owed log is on disk: go on below it. */
function pass(walk: Walk, entry: Entry): void {
  const lowest = walk.found.at(-1);
  if (lowest?.term === entry.term) lowest.first = entry.index;
  else walk.found.push({ first: entry.index, term: entry.term });
  walk.index = toIndex(entry.index - 1);
  walk.checksum = entry.previous;
}

/** What a peer sent, if it is what is wanted now: late and repeated answers chain to something else. */
export function onFetched(core: Core, message: Fetched): void {
  const healing = core.healing;
  const walk = healing?.walk;
  if (healing === undefined || walk === undefined || walk.blocked || healing.closing !== undefined) return;
  if (message.index !== walk.index || message.checksum !== walk.checksum) return;
  const sound = chainEndingIn(message.entries, walk.index, walk.checksum);
  if (sound.length === 0) {
    // The next peer soon, but after a whole circle of refusals slowly.
    if (walk.attempts % circleOf(core) !== 0) walk.wait = 1;
    return;
  }
  const used = takeRepairs(core, healing, walk, sound);
  if (used > 0) {
    core.staging.repair(sound.slice(sound.length - used));
    walk.attempts = 0;
    walk.wait = 0;
    // It had this; it may have what is missing next.
    walk.peer = Math.max(0, core.peers.indexOf(message.from));
    walk.source = 'disk';
    walk.loadId = undefined;
  }
  advance(core, healing);
}

/** How many entries, from the end, were missing here and fit. */
function takeRepairs(core: Core, healing: HealingState, walk: Walk, entries: readonly Entry[]): number {
  let used = 0;
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry === undefined) break;
    if (entry.index <= core.log.last) {
      if (checksumInMemory(core, entry.index) === entry.checksum) break;
      if (entry.index <= floorOf(core, healing)) {
        walk.blocked = true;
        break;
      }
      // The prefix is stale from here on; its place on disk is taken by this entry.
      core.cutLog(entry.index);
    }
    healing.highest = higher(healing.highest, entry.index);
    pass(walk, entry);
    used += 1;
  }
  return used;
}

/** The walk has met the sound prefix: everything that is owed is here. */
function meet(core: Core, healing: HealingState, walk: Walk): void {
  if (walk.found.length === 0) {
    close(core, healing, core.log.tail(), []);
    return;
  }
  assert(walk.index === core.log.last, 'what was found lies above the log', walk.index, core.log.last);
  close(core, healing, walk.owed, walk.found.toReversed());
}

/** Starts over: the disk under what was found is changing. */
function restart(core: Core, walk: Walk): void {
  walk.index = walk.owed.index;
  walk.checksum = walk.owed.checksum;
  walk.found = [];
  walk.source = 'disk';
  walk.loadId = undefined;
  walk.notBefore = core.durability.issued + 1;
}

function close(core: Core, healing: HealingState, tail: Tail, runs: readonly TermRun[]): void {
  assert(tail.index >= core.commit, 'healing keeps what is committed', tail.index, core.commit);
  healing.closing = { token: core.durability.issued + 1, tail, runs };
  core.staging.heal(tail, healing.highest > tail.index);
}

/** Tokens up to `written` are durable: perhaps the healing record, perhaps what the walk waits for. */
export function healingWritten(core: Core, healing: HealingState): void {
  const { closing } = healing;
  if (closing === undefined || core.durability.written < closing.token) {
    advance(core, healing);
    return;
  }
  if (closing.runs.length > 0) core.log.adopt(closing.runs, closing.tail);
  core.durability.adopt(core.log.last);
  core.healing = undefined;
  core.fx.healed = true;
  core.drawTimeout();
}
