/** What the composition root gives a manager. */
import type { Checksum } from '../../kernel/index.ts';
import type { Birth } from '../../raft/index.ts';
import type { GroupId, Limits, ReplicaId } from '@callboard/client/protocol';
import type { GroupMember } from '../group/messages.ts';

export interface ManagerOptions {
  /** The nodes named at the start, the same list in the same order on all of them; the first one founds the cluster. */
  readonly named: readonly string[];
  /** This node's journal id: its replica id in every group. */
  readonly replica: ReplicaId;
  /** How often the journal was opened. */
  readonly startCount: number;
  /** Where clients reach this node. */
  readonly url: string;
  /** This node becomes a broker only when an admin adds it. */
  readonly manual: boolean;
  readonly limits: Limits;
  readonly crc32: Checksum;
  /** The journal's document `founders`, as it stands now. */
  readonly founders: () => string | undefined;
  /** Every replica that the journal knows to be born here and not dead, as it stands now. */
  readonly births: () => readonly Birth[];
  /** The highest group that died here, as the journal knows now. */
  readonly diedUpTo: () => number;
  /** After so many days without use producers and consumers are forgotten; absent or 0: never. */
  readonly unusedDays?: number;
  /** Called once the cluster's id is known, and again by a restarted manager. */
  readonly onClusterId: (id: string) => void;
  /** The disk has no room but for what consensus itself writes. */
  readonly noReserve?: () => boolean;
  /**
   * Groups of this node whose copy in memory has given itself up. The copies add to it, and run no more while they are in it; only
   * the manager takes them out.
   */
  readonly givenUp: Set<GroupId>;
  /**
   * Starts the actor `partition/GROUP` of a born replica, unless it runs; `preferred`: sends it `campaign` too. A restarted
   * manager calls this again for every replica; one that runs and leads must then say `leader-ready` again, since
   * what it said before was lost with the earlier incarnation. `generation`: of one in memory; undefined for one on disk.
   */
  readonly spawnReplica: (
    group: GroupId,
    members: readonly GroupMember[],
    preferred: boolean,
    generation: number | undefined,
  ) => void;
}
