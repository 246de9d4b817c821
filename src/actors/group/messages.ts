/**
 * What an actor that drives a Raft group receives for it, whatever machine it runs (a partition, the directory).
 * The actor's own union includes this one; `GroupDriver.handle` takes them.
 *
 * All on the control lane. `group-raft` is the only one that comes from other nodes.
 */
import type { Entry, RaftMessage, RecoveredLog } from '../../raft/index.ts';
import type { LogIndex } from '@callboard/client/protocol';

/**
 * A peer's message. Incarnations are `startCount * 2^20 + actor start` of the sender and of the addressee as the
 * sender knows it (0: not known). A message for another incarnation, or from an older one than known, is dropped. One that names none
 * may have been sent to an earlier one, and heals nobody.
 */
export interface GroupRaft {
  readonly kind: 'group-raft';
  readonly fromIncarnation: number;
  readonly toIncarnation: number;
  readonly message: RaftMessage;
}

/** Answer to a message that named another incarnation of this replica: tells the sender the right one. */
export interface GroupIncarnation {
  readonly kind: 'group-incarnation';
  readonly fromNode: string;
  readonly incarnation: number;
}

/** From this group's own timer or from Beats. `rested`: ticks that were kept back since those that it depends on were last heard. */
export interface GroupTick {
  readonly kind: 'group-tick';
  readonly rested: number;
}

/** From Beats: those that this replica depends on are vouched for, and no ticks come as long as it has nothing to do. */
export interface GroupRest {
  readonly kind: 'group-rest';
}

/** From LogWriter: nothing of an earlier incarnation is queued, and this is what the disk holds. */
export interface GroupOpened {
  readonly kind: 'group-opened';
  readonly incarnation: number;
  readonly log: RecoveredLog;
}

/** From LogWriter: every persist with this token or a lower one, of this incarnation, is durable. */
export interface GroupWritten {
  readonly kind: 'group-written';
  readonly incarnation: number;
  readonly token: number;
}

/** From LogReader: verified entries for the request `id`. `bad`: this copy is damaged at that index. */
export interface GroupLoaded {
  readonly kind: 'group-loaded';
  readonly incarnation: number;
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly bad: LogIndex | undefined;
}

/** From the links: a peer node's connection came up or was closed. */
export interface GroupLink {
  readonly kind: 'group-link';
  readonly node: string;
  readonly up: boolean;
}

/** From the scrubber or a reader: this replica's copy of `index` is bad. */
export interface GroupDamage {
  readonly kind: 'group-damage';
  readonly index: LogIndex;
}

export type GroupMessage =
  | GroupRaft
  | GroupIncarnation
  | GroupTick
  | GroupRest
  | GroupOpened
  | GroupWritten
  | GroupLoaded
  | GroupLink
  | GroupDamage;

/** One member of a group and where it lives. The list is the text of `Birth.members` (JSON). */
export interface GroupMember {
  readonly replica: string;
  readonly node: string;
}
