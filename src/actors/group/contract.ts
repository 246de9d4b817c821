/** What a group driver is given, tells, and answers. */
import type { Checksum, Context } from '../../kernel/index.ts';
import type { Entry, ProposeRefusal, RoleChange } from '../../raft/index.ts';
import type { GroupId, Limits, LogIndex, ReplicaId, Term } from '@callboard/client/protocol';
import type { Roster } from '../beats/roster.ts';
import type { GroupMember, GroupMessage } from './messages.ts';

/** What the actor that owns the machine is told. All calls happen inside its own turns. */
export interface GroupEvents {
  /** A committed entry, in order, exactly once per incarnation; after a restart from index 1 again. */
  apply(entry: Entry): void;
  /** Unless it leads now: what was proposed here and is not applied has an unknown fate. Told before anything that is applied later. */
  roleChanged(change: RoleChange, leaderNode: string | undefined): void;
  /** This replica leads and its own no-op is applied: proposals are taken from now on. */
  ready(): void;
  /** Everything up to `index` is durable on this replica. */
  durable(index: LogIndex): void;
}

export interface GroupDriverOptions {
  readonly context: Context<GroupMessage>;
  readonly group: GroupId;
  /** The actor id under which every member's replica of this group is reached. */
  readonly actorId: string;
  readonly members: readonly GroupMember[];
  readonly self: ReplicaId;
  readonly startCount: number;
  readonly limits: Limits;
  readonly crc32: Checksum;
  /** Followers may apply a tick later: nobody reads from them. */
  readonly lazyCommit: boolean;
  readonly events: GroupEvents;
  /** Where the group gets its ticks from Beats; absent: it has a timer of its own. */
  readonly roster?: Roster | undefined;
  /** Somebody beside the core waits for the next tick. */
  readonly needsTicks?: () => boolean;
}

export type Proposed =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | { readonly ok: false; readonly refusal: ProposeRefusal };
