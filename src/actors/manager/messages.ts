/**
 * Manager: one per node, actor id `manager`. Together they are Raft group 0, the directory. Its leader is the primary
 * (write) manager; the others serve reads from their own copy.
 *
 * Local askers (gateway, client sessions, health checker) talk to their own node's manager only; it forwards what only
 * the primary can do. `directory-*` answers are sent to local askers; `primary-*` travel between managers.
 */
import type { Ref } from '../../kernel/index.ts';
import type { CallError, GroupId } from '@callboard/client/protocol';
import type {
  ConsumerRef,
  DirectoryCommand,
  DirectoryEvent,
  DirectoryResult,
} from '../../directory/index.ts';
import type { IdleCursor } from '../../partition/index.ts';
import type { GroupMessage } from '../group/messages.ts';
import type { LogBorn, LogDied, LogSaved } from '../log-writer/messages.ts';

/**
 * Subscribe to the directory: answered by one `directory-events` with the whole state as events, then each change, in order, on
 * the control lane. Topics that are still being created are left out. Ends with the subscriber; a second
 * subscription from one address takes the place of the first.
 */
export interface Subscribe {
  readonly kind: 'directory-subscribe';
  readonly replyTo: Ref<DirectoryEvents>;
}

export interface DirectoryEvents {
  readonly kind: 'directory-events';
  /** The whole state of a new subscription: what a subscriber knew before and is not told here may have been removed. */
  readonly whole?: true;
  readonly events: readonly DirectoryEvent[];
}

/**
 * Everything that any node had answered before this was asked is applied here (ReadIndex on group 0), and its events were
 * sent to the subscribers before the answer. Answer: `directory-answer` without a result.
 */
export interface Barrier {
  readonly kind: 'directory-barrier';
  readonly id: number;
  readonly replyTo: Ref<DirectoryAnswer>;
  /** Milliseconds from the receipt of this message; not a point in time. */
  readonly deadlineMs: number;
}

/**
 * Commit a change. `create-topic` answers when the topic is ready; `remove-topic` when the topic is gone; these two kinds of waiting
 * over, admin changes and `remove-topic` answer when all active nodes have applied them; the others when this node has applied them, its events sent before. Answer: `directory-answer`.
 */
export interface Change {
  readonly kind: 'directory-change';
  readonly id: number;
  readonly replyTo: Ref<DirectoryAnswer>;
  readonly command: DirectoryCommand;
  /** Milliseconds from the receipt of this message; not a point in time. */
  readonly deadlineMs: number;
}

/**
 * `result`: what the directory decided, be it a refusal. `error`: no decision is known; its `outcome` says whether one may yet be
 * made. A barrier that holds has neither. On the control lane, after the events that it rests on.
 */
export interface DirectoryAnswer {
  readonly kind: 'directory-answer';
  readonly id: number;
  readonly result: DirectoryResult | undefined;
  readonly error: CallError | undefined;
}

/** A replica on this node leads `group` and has committed and applied its no-op. Sent at each such change of role. */
export interface LeaderReady {
  readonly kind: 'leader-ready';
  readonly group: GroupId;
}

/** The replica that said `leader-ready` does not lead any more. */
export interface LeaderLost {
  readonly kind: 'leader-lost';
  readonly group: GroupId;
}

/** The leader of `group`, a replica on this node, has forgotten producers up to `epoch`; again at the start of each leadership. */
export interface ProducersForgotten {
  readonly kind: 'producers-forgotten';
  readonly group: GroupId;
  readonly epoch: number;
}

/**
 * A copy in memory on this node is damaged, has known of no leader for long, and takes part in nothing since then. Repeated
 * until it is stopped.
 */
export interface CopyGivenUp {
  readonly kind: 'copy-given-up';
  readonly group: GroupId;
}

/** The health checker's finding; only the primary acts on it. */
export interface BrokerHealth {
  readonly kind: 'broker-health';
  readonly broker: string;
  readonly alive: boolean;
  /** The journal under which the directory knows the broker, where its node answers from another one. */
  readonly lost?: string;
}

/**
 * "I know of no founders' list." Sent to every named node until one answers with a list.
 *
 * `heard`: the replica id in the last hello from the addressee; empty: none. The first-named node counts only hellos that name
 * its own id: one that was meant for an earlier journal of this node may be older than a list that was founded then.
 */
export interface FounderHello {
  readonly kind: 'founder-hello';
  readonly node: string;
  readonly replica: string;
  readonly heard: string;
}

export interface FounderList {
  readonly kind: 'founder-list';
  /** JSON of `{clusterId, members: GroupMember[]}`. */
  readonly text: string;
}

/**
 * Manager to primary: commit this command. Answered by `primary-answer`. `id` differs for each try, since each has a fate of its own;
 * `tag` is the same for all tries of one change, so that it happens once (see `DirectoryEntry`).
 */
export interface PrimaryChange {
  readonly kind: 'primary-change';
  readonly id: number;
  readonly fromNode: string;
  readonly tag: string;
  readonly command: DirectoryCommand;
  readonly deadlineMs: number;
}

/** Manager to primary: confirm leadership and tell the index to wait for. */
export interface PrimaryRead {
  readonly kind: 'primary-read';
  readonly id: number;
  readonly fromNode: string;
}

/** `index`: the asker answers its own caller once it has applied this index. */
export interface PrimaryAnswer {
  readonly kind: 'primary-answer';
  readonly id: number;
  readonly index: number;
  readonly result: DirectoryResult | undefined;
  readonly error: CallError | undefined;
}

/** Manager to primary: these groups have had a leader here, with a committed no-op. Repeated until their topics are ready. */
export interface PartitionsReady {
  readonly kind: 'partitions-ready';
  readonly groups: readonly GroupId[];
}

/** Manager to manager: have you applied `index`? Answered when it has, as often as it is asked. */
export interface AppliedQuery {
  readonly kind: 'applied-query';
  readonly id: number;
  readonly fromNode: string;
  readonly index: number;
}

export interface AppliedAnswer {
  readonly kind: 'applied-answer';
  readonly id: number;
  readonly node: string;
}

/** A subscriber's incarnation ended. `subscription` tells it from a later one of the same address. */
export interface SubscriberGone {
  readonly kind: 'subscriber-gone';
  readonly subscription: number;
}

/** The manager's own timer: founding, registration, re-sending, deadlines. */
export interface ManagerTick {
  readonly kind: 'manager-tick';
}

/** The manager's own timer: the next few of many replicas have their turn. */
export interface ManagerSlice {
  readonly kind: 'manager-slice';
}

/** From a gateway or a client session of this node: who was in use here lately. Said again and again while they are. */
export interface IdsInUse {
  readonly kind: 'ids-in-use';
  readonly producers: readonly string[];
  readonly consumers: readonly ConsumerRef[];
}

/** The answer to `show-cursors`. `next`: where the next page begins; 0: there is none. */
export interface CursorsHeld {
  readonly kind: 'cursors-held';
  readonly group: GroupId;
  readonly topic: string;
  readonly cursors: readonly IdleCursor[];
  readonly next: number;
}

export type ManagerMessage =
  | GroupMessage
  | LogBorn
  | LogDied
  | LogSaved
  | Subscribe
  | Barrier
  | Change
  | LeaderReady
  | LeaderLost
  | ProducersForgotten
  | CopyGivenUp
  | IdsInUse
  | CursorsHeld
  | BrokerHealth
  | FounderHello
  | FounderList
  | PrimaryChange
  | PrimaryRead
  | PrimaryAnswer
  | PartitionsReady
  | AppliedQuery
  | AppliedAnswer
  | SubscriberGone
  | ManagerTick
  | ManagerSlice;

export const managerActorId = 'manager';
