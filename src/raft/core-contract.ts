/**
 * The contract of the consensus core: `step(input, effects)`, synchronous and deterministic. The shell (an actor)
 * turns messages into inputs and effects into messages; it adds nothing to the protocol.
 *
 * Durability. The core holds back every message that promises something about this replica's disk (acks, `stored`,
 * votes, vote requests, and the leader's own ack) in an outbox tied to the newest persist token issued at that
 * moment, even when that message itself has nothing to write. Tokens rise by one. `written(n)` releases what is tied to
 * tokens up to n, if it was put there in the current term. Appends, heartbeats and pre-votes promise nothing and
 * leave at once (thesis, section 10.2.1).
 */
import type { LogIndex, ReplicaId, Term } from '@callboard/client/protocol';
import type { RaftMessage } from './messages.ts';
import type { Configuration, Entry, HardState, RecoveredLog, Role, Tail } from './types.ts';

export type Input =
  /** `tickMs` of time passed (late or not: once). `quiet`: whether a full socket poll followed; always true by the kernel's late-tick rule. */
  | { readonly kind: 'tick' }
  /**
   * The shell has kept back so many ticks, as `restful` allows: those that this replica depends on were last heard then. With 0 it
   * begins to: they were heard just now. Ignored by a replica that is not restful.
   */
  | { readonly kind: 'rested'; readonly ticks: number }
  /** The link to `peer` was closed: if it leads this group, forget it and run pre-vote within three ticks. */
  | { readonly kind: 'suspect'; readonly peer: ReplicaId }
  /**
   * `peer` runs in a new incarnation. What it acknowledged before may be lost with the old one (a lost tail), so a leader
   * starts anew with it: probe, match 0. The match that commitment already used is not taken back.
   */
  | { readonly kind: 'restarted'; readonly peer: ReplicaId }
  /** Campaign at once (a new group's first leader). Ignored unless it could win: damaged replicas never campaign. */
  | { readonly kind: 'campaign' }
  /**
   * `anyLife`: it named no incarnation of this replica, so it may have been sent to an earlier one. It is as good as any late message,
   * but proves nothing of what its sender has said after this replica's log was opened: no damaged replica heals by it.
   */
  | { readonly kind: 'message'; readonly message: RaftMessage; readonly anyLife?: boolean }
  /**
   * Only what `refusal()` does not refuse; each entry is sealed behind the one before it, the first behind `tail()`. However many
   * they are, they leave as one persist and one append to each follower, as far as its window goes.
   */
  | { readonly kind: 'propose'; readonly entries: readonly Entry[] }
  /** ReadIndex (thesis, section 6.4). `id` is the caller's, echoed in `reads`. */
  | { readonly kind: 'read'; readonly id: number }
  /** The persist with this token, and all before it, are durable. */
  | { readonly kind: 'written'; readonly token: number }
  /** Everything up to `index` was applied by the machine. The core never releases memory above it. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  /**
   * Answer to the `load` effect with the same id; entries verified; empty when they could not be read. `bad`: the first index, going
   * from the kept end, that this copy lacks or has bad.
   */
  | {
      readonly kind: 'loaded';
      readonly id: number;
      readonly entries: readonly Entry[];
      readonly bad?: LogIndex | undefined;
    }
  /** A read found that this replica's copy of `index` is bad. A leader hands over or steps down; the shell then reopens the log. */
  | { readonly kind: 'damage-found'; readonly index: LogIndex }
  /** Leadership transfer to `to` (or the best follower); aborted after an election timeout. */
  | { readonly kind: 'transfer'; readonly to: ReplicaId | undefined };

export interface PersistEffect {
  readonly token: number;
  /** Delete every stored entry at or above this index, in the same batch, before the entries are put. */
  readonly truncateFrom: LogIndex | undefined;
  /** In rising order; contiguous, except for repairs below a fragment. */
  readonly entries: readonly Entry[];
  /** Set when term or vote changed. Durable in the journal before anything of this batch. */
  readonly hard: HardState | undefined;
  /** This replica's owed tail after the batch; undefined when the batch does not change it (damaged replicas' repairs). */
  readonly tail: Tail | undefined;
  /** Set once, when a damaged replica has become whole: journaled before the batch counts. */
  readonly healed: boolean;
}

/**
 * Asks for entries from the store, verified. `replicate`: the leader needs `from`… for a slow follower. `serve`: a peer
 * healing asks for entries that end at `to` (the highest run not above `maxBytes` is fine). `local`: this replica heals and
 * tries its own disk first. For serve and local only `to` is known; `from` is the lowest index wanted.
 */
export interface LoadEffect {
  readonly id: number;
  readonly reason: 'replicate' | 'serve' | 'local';
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export type ReadOutcome =
  | { readonly id: number; readonly ok: true; readonly index: LogIndex }
  | { readonly id: number; readonly ok: false; readonly leader: ReplicaId | undefined };

/**
 * Everything one step asks for. The shell clears and reuses it.
 *
 * Of a proposal it says nothing but what is committed. When a leadership ends, which `role` tells before any `commit` of the same step,
 * the fate of what is not applied is unknown here; that another leader's entry took its place in this log proves nothing, since
 * its own copies elsewhere may yet win an election.
 */
export interface Effects {
  readonly send: RaftMessage[];
  readonly persist: PersistEffect[];
  readonly load: LoadEffect[];
  readonly reads: ReadOutcome[];
  /** Newly committed, in order, as far as they are in memory; undefined bytes never occur: see `commit`. */
  commit: LogIndex | undefined;
  /** Set when role, term or known leader changed. */
  role: RoleChange | undefined;
  /** Set when a damaged replica became whole. */
  healed: boolean;
  /** A load has shown that this copy is bad there: the core has withdrawn as after `damage-found`, and the shell opens the log anew. */
  damage: LogIndex | undefined;
}

export interface RoleChange {
  readonly role: Role;
  readonly term: Term;
  readonly leader: ReplicaId | undefined;
}

export interface RaftOptions {
  readonly self: ReplicaId;
  readonly configuration: Configuration;
  readonly recovered: RecoveredLog;
  /** All of these in the units of `limits.ts`. */
  readonly limits: RaftLimits;
  /** Uniform in [0, 1); the only source of randomness. */
  readonly random: () => number;
  /**
   * Followers that have nothing else coming hear of a commit with the leader's next tick, and not at once: half the messages of
   * a lone proposal, where nobody waits for the followers to apply. Absent: at once.
   */
  readonly lazyCommit?: boolean;
  /** Seals an empty entry for a new leader's term (Raft paper, section 8). */
  readonly sealNoop: (index: LogIndex, term: Term, previous: Tail) => Entry;
}

export interface RaftLimits {
  readonly heartbeatTicks: number;
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  readonly stallTicks: number;
  readonly appendBytes: number;
  readonly appendEntries: number;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly uncommittedGroupBytes: number;
  readonly entryCacheBytes: number;
  /** Counted against the cache for each entry beside its bytes. Absent: 0. */
  readonly entryOverheadBytes?: number;
  readonly pendingReads: number;
}

/** Why a proposal cannot be taken now. `damaged`: by its log; it may well know a leader. */
export type ProposeRefusal = 'not-leader' | 'not-ready' | 'transferring' | 'uncommitted-full' | 'damaged';

/** What `class Raft` in `raft.ts` offers beside its constructor. */
export interface RaftCore {
  step(input: Input, effects: Effects): void;
  /** Undefined when a proposal would be taken. A leader is `not-ready` until its own no-op is committed and applied. */
  refusal(bytes: number): ProposeRefusal | undefined;
  /** The end of the log in memory: what the next entry must be sealed behind. */
  tail(): Tail;
  /** Committed entries after `index` held in memory, oldest first, at most `max`; the shell loads others from the store. */
  committedAfter(index: LogIndex, max: number): readonly Entry[];
  /**
   * Term of the entry that the log has at `index`; undefined: none there. Index and term name an entry (Raft paper, 5.3), so this
   * tells an older, intact value that the disk brings back from the entry that belongs there.
   */
  termAt(index: LogIndex): Term | undefined;
  status(): RaftStatus;
  /**
   * No tick would do more than repeat itself, as long as its leader or all its followers are known by other means to be alive and in
   * this term. The shell may then keep ticks back, and must go on with `rested` before it is silent for an election timeout.
   */
  readonly restful: boolean;
  /** Parts of the status that the shell looks at after every step, without making the whole. */
  readonly role: Role;
  readonly term: Term;
  readonly leader: ReplicaId | undefined;
  readonly damaged: boolean;
  readonly durable: LogIndex;
  readonly uncommittedBytes: number;
}

export interface RaftStatus {
  readonly role: Role;
  readonly term: Term;
  readonly vote: ReplicaId | undefined;
  readonly leader: ReplicaId | undefined;
  readonly commit: LogIndex;
  readonly applied: LogIndex;
  readonly last: LogIndex;
  /** Highest index durable here. */
  readonly durable: LogIndex;
  /** By the verdict at open, until healed; or by `damage-found`, until the log is opened again. */
  readonly damaged: boolean;
  readonly uncommittedBytes: number;
  readonly followers: readonly FollowerStatus[];
}

export interface FollowerStatus {
  readonly replica: ReplicaId;
  readonly state: 'probe' | 'replicate' | 'loading';
  readonly match: LogIndex;
  readonly next: LogIndex;
  readonly damaged: boolean;
  readonly active: boolean;
}
