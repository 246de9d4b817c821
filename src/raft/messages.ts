/**
 * What replicas of one group say to each other. Every message names its sender and addressee by replica id and
 * carries the sender's term, except where a comment says otherwise. A message whose `from` is no member or whose
 * `to` is not this replica is dropped by the shell, as is one of another incarnation.
 *
 * Lost, repeated, reordered and very late messages are all legal inputs.
 */
import type { LogIndex, ReplicaId, Term } from '@callboard/client/protocol';
import type { Entry } from './types.ts';

interface Base {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly term: Term;
}

/** Would you vote for me in `term`? Touches neither side's term nor vote (thesis, section 9.6). `term` is the one asked for. */
export interface PreVote extends Base {
  readonly kind: 'pre-vote';
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
}

/** `term` is the term asked for when granted, else the answerer's own. */
export interface PreVoteReply extends Base {
  readonly kind: 'pre-vote-reply';
  readonly granted: boolean;
}

/** RequestVote (Raft paper, section 5.2). `transfer`: the leader asked for it, so the vote lease does not apply. */
export interface Vote extends Base {
  readonly kind: 'vote';
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly transfer: boolean;
}

export interface VoteReply extends Base {
  readonly kind: 'vote-reply';
  readonly granted: boolean;
}

/**
 * AppendEntries (Raft paper, section 5.3). `last`: the leader's last index, which lets a damaged replica know when it is whole. `stream`:
 * how often the leader began anew to look for this follower's place.
 */
export interface Append extends Base {
  readonly kind: 'append';
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  readonly commit: LogIndex;
  readonly last: LogIndex;
  readonly stream: number;
  readonly entries: readonly Entry[];
}

/**
 * `ack`: durable and equal to the leader's log up to `index`. `stored`: the same from a damaged replica: moves the
 * leader's probe and window, never its match. `reject`: no match at `index` (the append's prevIndex); `hintIndex` and
 * `hintTerm` are the highest entry at or below it that may match; in `ack` and `stored` they are the end of its log. `stream` is the
 * append's: a rejection of one that was sent before the leader began anew says nothing of where it stands now.
 */
export interface AppendReply extends Base {
  readonly kind: 'append-reply';
  readonly outcome: 'ack' | 'stored' | 'reject';
  readonly index: LogIndex;
  readonly hintIndex: LogIndex;
  readonly hintTerm: Term;
  readonly stream: number;
}

/** `commit` never exceeds what the follower is known to match. `context` numbers the round for ReadIndex; it never repeats within a term. */
export interface Heartbeat extends Base {
  readonly kind: 'heartbeat';
  readonly commit: LogIndex;
  readonly last: LogIndex;
  readonly context: number;
}

/** `damaged`: counts for check-quorum, not for ReadIndex. */
export interface HeartbeatReply extends Base {
  readonly kind: 'heartbeat-reply';
  /**
   * The round answered; 0 when the heartbeat was of an older term. The answer to it carries the present term, in which its
   * sender may lead once more, and must not confirm a round of this term by a number of that one.
   */
  readonly context: number;
  readonly damaged: boolean;
  /** The follower's last durable index that matches nothing in particular: only a hint that it lags. */
  readonly last: LogIndex;
}

/** The leader asks the addressee to campaign at once (thesis, section 3.10). */
export interface TimeoutNow extends Base {
  readonly kind: 'timeout-now';
}

/**
 * A damaged replica asks any peer for entries that end at `index` with header checksum `checksum`, going backwards.
 * Needs no leader and no term: the checksum proves the bytes.
 */
export interface Fetch extends Base {
  readonly kind: 'fetch';
  readonly index: LogIndex;
  readonly checksum: number;
}

/** Entries in rising order that end at `index`; empty when the peer does not hold that entry. */
export interface Fetched extends Base {
  readonly kind: 'fetched';
  readonly index: LogIndex;
  readonly checksum: number;
  readonly entries: readonly Entry[];
}

export type RaftMessage =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | TimeoutNow
  | Fetch
  | Fetched;
