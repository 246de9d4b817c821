/** The receiving side of appends and heartbeats (Raft paper, section 5.3 and figure 2). */
import { assert } from './assert.ts';
import { higher, lower, toIndex } from './brand-arithmetic.ts';
import type { Core } from './core.ts';
import { appended, reportedLast } from './healing.ts';
import type { Append, AppendReply, Heartbeat } from './messages.ts';
import type { Entry } from './types.ts';

export function onAppend(core: Core, message: Append): void {
  if (message.term < core.term) {
    // So that a leader whose time is over learns of it.
    reject(core, message);
    return;
  }
  core.heardLeader(message.term, message.from);
  // For as long as the healing record is being written the log holds still; heartbeats revive the stream.
  if (core.healing?.closing !== undefined) return;
  const { prevIndex, prevTerm } = message;
  if (core.log.termAt(prevIndex) !== prevTerm) {
    assert(
      prevIndex > core.commit,
      'R4: a leader has every committed entry',
      prevIndex,
      prevTerm,
      core.commit,
    );
    reject(core, message);
    return;
  }
  const fresh = withoutKnown(core, message);
  const first = fresh[0];
  if (first !== undefined) {
    const truncates = first.index <= core.log.last;
    if (truncates) core.truncateLog(first.index);
    core.appendToLog(fresh);
    if (core.healing !== undefined) appended(core, core.healing, first.index, truncates);
  }
  const last = toIndex(prevIndex + message.entries.length);
  core.commitTo(lower(message.commit, last));
  acknowledge(core, message, last);
}

/**
 * Drops the entries that are here already. Only an entry that really conflicts starts a truncation: a repeated or very
 * late append finds everything known, and changes nothing, whatever came after it (B17).
 */
function withoutKnown(core: Core, message: Append): readonly Entry[] {
  const { entries } = message;
  let known = 0;
  for (const entry of entries) {
    assert(entry.index === message.prevIndex + known + 1, 'entries of an append are contiguous', entry.index);
    if (core.log.termAt(entry.index) !== entry.term) break;
    const own = core.log.entryAt(entry.index);
    assert(own === undefined || own.checksum === entry.checksum, 'R3: log matching', entry.index, entry.term);
    known += 1;
  }
  return known === 0 ? entries : entries.slice(known);
}

/**
 * Durable and equal up to `last`, once what was issued so far is written. A damaged replica says less: `stored`. The answer tells the
 * leader of this incarnation, so that what it sends next can count for healing.
 */
function acknowledge(core: Core, message: Append, last: Append['last']): void {
  const { healing } = core;
  if (healing !== undefined && core.named) {
    healing.matched = higher(healing.matched, last);
    reportedLast(core, healing, message.last);
  }
  core.promise({
    kind: 'append-reply',
    from: core.self,
    to: message.from,
    term: core.term,
    outcome: healing === undefined ? 'ack' : 'stored',
    index: last,
    hintIndex: core.log.last,
    hintTerm: core.log.lastTerm,
    stream: message.stream,
  });
}

/** The hint lets the leader skip every entry of a later term than the one it asked about. */
function reject(core: Core, message: Append): void {
  const hintIndex = core.log.agreementUpTo(message.prevIndex, message.prevTerm);
  const reply: AppendReply = {
    kind: 'append-reply',
    from: core.self,
    to: message.from,
    term: core.term,
    outcome: 'reject',
    index: message.prevIndex,
    hintIndex,
    hintTerm: core.log.termAt(hintIndex) ?? message.prevTerm,
    stream: message.stream,
  };
  core.send(reply);
}

export function onHeartbeat(core: Core, message: Heartbeat): void {
  const { healing } = core;
  const current = message.term >= core.term;
  if (current) {
    core.heardLeader(message.term, message.from);
    // The leader speaks of a match that a damaged replica may have lost: it believes only what it has compared itself.
    if (healing === undefined) core.commitTo(message.commit);
    else core.commitTo(lower(message.commit, healing.matched));
    if (healing !== undefined && core.named) reportedLast(core, healing, message.last);
  }
  core.send({
    kind: 'heartbeat-reply',
    from: core.self,
    to: message.from,
    term: core.term,
    // The answer carries this term, in which an old leader may lead again: it must confirm no round of the old one.
    context: current ? message.context : 0,
    damaged: core.damaged,
    last: core.damaged ? core.log.last : core.durability.index,
  });
}
