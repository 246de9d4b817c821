/** Turns the steps of the consensus cores into what the checkers of elections, logs and durability need to know. */
import type { Effects, Input, LoadEffect, RaftMessage } from '../../src/raft/index.ts';
import { logIndex, readEntryHeader } from '@callboard/client/protocol';
import type { CommittedChecker } from '../checkers/committed.ts';
import type { DurabilityChecker } from '../checkers/durability.ts';
import type { ElectionChecker } from '../checkers/elections.ts';
import type { NoticingChecker } from '../checkers/noticing.ts';
import type { LogMatchingChecker, SeenEntry } from '../checkers/log-matching.ts';
import type { Promises } from '../checkers/promises.ts';
import type { RaftObserver, RaftView } from './raft-probe.ts';
import type { Report } from './report.ts';

export interface RaftCheckers {
  readonly report: Report;
  readonly promises: Promises;
  readonly elections: ElectionChecker;
  readonly durability: DurabilityChecker;
  readonly matching: LogMatchingChecker;
  readonly committed: CommittedChecker;
  /** Told of each entry that a replica writes, committed or not. */
  readonly wrote: (group: number, entry: SeenEntry) => void;
  readonly noticing: NoticingChecker;
  /** Told as a leader asks its disk for what a follower lacks. */
  readonly onReplicationRead: (view: RaftView, load: LoadEffect) => void;
  /** The node that holds the replica of this id. */
  readonly nodeOf: (replica: string) => string;
  /** Told before each entry of a partition is applied; may throw, as a bug of the machine would. */
  readonly applying: (group: number, index: number) => void;
}

type VoteMessage = Extract<RaftMessage, { kind: 'vote' }>;

export class RaftChecks implements RaftObserver {
  readonly #checkers: RaftCheckers;
  readonly #views = new Map<string, RaftView>();
  readonly #leading = new Map<string, number>();
  #voteBefore: string | undefined;
  #termBefore = 0;

  constructor(checkers: RaftCheckers) {
    this.#checkers = checkers;
  }

  /** The newest core of this replica, whether or not its process still lives. */
  view(node: string, group: number): RaftView | undefined {
    return this.#views.get(`${node} ${group}`);
  }

  opened(view: RaftView): void {
    this.#views.set(`${view.node} ${view.group}`, view);
  }

  before(view: RaftView, input: Input): void {
    if (input.kind !== 'message' || input.message.kind !== 'vote') return;
    const { vote, term } = view.raft.status();
    this.#voteBefore = vote;
    this.#termBefore = term;
  }

  after(view: RaftView, input: Input, effects: Effects): void {
    const { node, group } = view;
    const { matching, report, wrote } = this.#checkers;
    if (report.tracing) this.#describe(view, input, effects);
    for (const { entries, truncateFrom } of effects.persist) {
      for (const entry of entries) {
        matching.seen(node, group, entry);
        wrote(group, entry);
      }
      if (truncateFrom !== undefined) report.sometimes('a suffix was truncated');
    }
    if (input.kind === 'message' && input.message.kind === 'vote') this.#decided(view, input.message);
    if (effects.role !== undefined) this.#roleChanged(view, effects);
    if (effects.commit !== undefined && effects.commit > view.commit) this.#committed(view, effects.commit);
    for (const message of effects.send) this.#sent(view, message);

    if (effects.healed) report.sometimes('a damaged replica was healed');
    this.#loads(view, input, effects);
    for (const { ok } of effects.reads) {
      report.sometimes(ok ? 'a read was confirmed by ReadIndex' : 'a read was refused');
    }
  }

  applying(node: string, group: number, index: number, chunk: Uint8Array): void {
    this.#checkers.applying(group, index);
    const checksum = readEntryHeader(chunk)?.checksum ?? -1;
    this.#checkers.committed.applying(node, group, index, checksum);
  }

  #loads(view: RaftView, input: Input, effects: Effects): void {
    const { report, noticing, onReplicationRead } = this.#checkers;
    const beat = effects.send.find((message) => message.kind === 'heartbeat');
    noticing.stepped(view, input.kind === 'loaded' ? input.id : undefined, beat?.context);
    for (const load of effects.load) {
      if (load.reason !== 'replicate') continue;
      report.sometimes('a follower was fed from the disk');
      onReplicationRead(view, load);
    }
  }

  #describe({ node, group }: RaftView, input: Input, effects: Effects): void {
    const { report } = this.#checkers;
    if (input.kind === 'message' && !input.message.kind.startsWith('heartbeat')) {
      report.detail(node, () => `group ${group} <- ${describe(input.message)}`);
    } else if (input.kind !== 'message' && input.kind !== 'tick') {
      const { kind, ...rest } = input;
      report.detail(
        node,
        () => `group ${group} <- ${kind} ${'token' in rest ? rest.token : 'index' in rest ? rest.index : ''}`,
      );
    }
    for (const { token, truncateFrom, entries, hard, tail, healed } of effects.persist) {
      report.detail(node, () => {
        const range =
          entries.length === 0
            ? ''
            : `${entries[0]?.index}..${entries.at(-1)?.index}/${entries.at(-1)?.term}`;
        const marks = `${truncateFrom === undefined ? '' : ` cut ${truncateFrom}`}${healed ? ' healed' : ''}`;
        return `group ${group} persist ${token}: ${range}${marks} hard ${hard?.term ?? '-'} tail ${tail?.index ?? '-'}/${tail?.term ?? '-'}`;
      });
    }
    if (effects.commit !== undefined) report.detail(node, () => `group ${group} commits ${effects.commit}`);
    for (const message of effects.send) {
      if (!message.kind.startsWith('heartbeat')) {
        report.detail(node, () => `group ${group} -> ${describe(message)}`);
      }
    }
  }

  #decided(view: RaftView, message: VoteMessage): void {
    const { vote, term } = view.raft.status();
    const votes = vote === message.from && term === message.term;
    if (!votes || (this.#voteBefore === vote && this.#termBefore === term)) return;
    this.#checkers.durability.decided(view.node, view.group, message.lastIndex, message.lastTerm);
  }

  #roleChanged(view: RaftView, effects: Effects): void {
    const { node, group } = view;
    const { elections, report } = this.#checkers;
    const { role, term } = effects.role ?? {};
    const key = `${node} ${group}`;
    report.event(node, 'role', group, role, term);
    if (role === 'leader' && term !== undefined) {
      if (this.#leading.get(key) === term) return;
      this.#leading.set(key, term);
      elections.leader(group, term, node);
      report.sometimes('a leader was elected');
      this.#checkComplete(view, term, effects);
      return;
    }
    if (this.#leading.delete(key)) report.sometimes('a leader stepped down');
    if (role === 'pre-candidate') report.sometimes('an election ended without a leader');
  }

  /** A new leader's log, from its own first entry down, holds all that was committed in lower terms. */
  #checkComplete(view: RaftView, term: number, effects: Effects): void {
    const { node, group } = view;
    const { committed, matching, elections, promises, report } = this.#checkers;
    const model = committed.group(group);
    let wanted = model.last;
    while (wanted > 0 && (model.committedIn[wanted] ?? 0) >= term) wanted -= 1;
    const noop = effects.persist.flatMap((persist) => persist.entries).at(-1);
    if (noop === undefined || wanted === 0) return;
    let entry: SeenEntry | undefined = noop;
    while (entry !== undefined && entry.index > wanted + 1) {
      entry = matching.find(group, entry.index - 1, entry.previous);
    }
    const holds = entry?.index === wanted + 1 && entry.previous === model.checksums[wanted];
    elections.complete(group, term, node, model.committedIn[wanted] ?? 0, holds);
    const damaged = promises.members(group).some((member) => promises.of(member, group).damaged);
    if (damaged) report.sometimes('an election was won with a damaged voter');
  }

  #committed(view: RaftView, commit: number): void {
    const { node, group, raft } = view;
    const { committed, durability, report } = this.#checkers;
    const all = raft.committedAfter(logIndex(view.commit), Infinity);
    const entries = all.length > 0 ? all : raft.committedAfter(logIndex(commit - 1), 1);
    view.commit = commit;
    const last = entries.at(-1);
    if (last === undefined) return;
    if (last.index > committed.group(group).last) {
      const { term, role } = raft.status();
      durability.committed(node, group, last.index, last.checksum);
      if (role === 'leader' && entries.length > 1 && (entries[0]?.term ?? term) < last.term) {
        report.sometimes('entries of an older term were committed by a newer one');
      }
      for (const entry of entries) committed.committed(node, group, entry, term);
      return;
    }
    for (const entry of entries) committed.committed(node, group, entry, 0);
  }

  #sent(view: RaftView, message: RaftMessage): void {
    const { node, group } = view;
    const { durability, elections, promises, report, nodeOf } = this.#checkers;
    switch (message.kind) {
      case 'append-reply':
        if (message.outcome === 'ack') durability.acked(node, group, message.index);
        else {
          report.sometimes(
            message.outcome === 'reject' ? 'an append was rejected' : 'a damaged replica stored entries',
          );
        }
        return;
      case 'vote':
        durability.askedForVotes(node, group, message.term);
        return;
      case 'vote-reply':
        report.sometimes(message.granted ? 'a vote was granted' : 'a vote was refused');
        if (!message.granted) return;
        elections.vote(group, message.term, node, nodeOf(message.to));
        durability.voted(node, group, message.term, message.to);
        if (promises.of(node, group).damaged) report.sometimes('a damaged replica voted');
        return;
      case 'pre-vote-reply':
        if (!message.granted) report.sometimes('a pre-vote was refused');
        return;
      case 'timeout-now':
        report.sometimes('leadership was transferred');
        return;
      case 'fetched':
        if (message.entries.length > 0) report.sometimes('entries were fetched for healing');
        return;
      case 'append':
      case 'fetch':
      case 'heartbeat':
      case 'heartbeat-reply':
      case 'pre-vote':
        return;
    }
  }
}

function describe(message: RaftMessage): string {
  const { kind, from, to, term, ...rest } = message;
  const fields = Object.entries(rest).map(([key, value]) => {
    if (key !== 'entries') return `${key} ${String(value)}`;
    const entries = value as unknown as readonly SeenEntry[];
    return entries.length === 0
      ? 'empty'
      : `${entries[0]?.index}..${entries.at(-1)?.index}/${entries.at(-1)?.term}`;
  });
  return `${kind} ${from.slice(0, 4)}>${to.slice(0, 4)} term ${term} ${fields.join(' ')}`;
}
