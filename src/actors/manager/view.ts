import type { RemovalProgress } from '../../directory/index.ts';
import type { GroupId } from '@callboard/client/protocol';

/** What the askers' side of a manager sees of the directory and its group, also before this node is a member. */
export interface DirectoryView {
  /** Who leads group 0, as far as is known here. */
  leaderNode(): string | undefined;
  /** Index of the last entry applied here; 0 before the first. */
  applied(): number;
  /** Whether a topic is being created, as far as is applied here. */
  isCreating(topic: string): boolean;
  /** Whether there is a topic of this name, created or being created, as far as is applied here. */
  exists(topic: string): boolean;
  /** The first group of the topic of this name that is being deleted, as far as is applied here. */
  deletingGroup(topic: string): GroupId | undefined;
  /** How far that is: dear, as it looks at every partition. */
  removal(topic: string): RemovalProgress | undefined;
  /** Whether a node of this name takes part in the cluster and its broker is still without a node in the directory. */
  isExpected(broker: string): boolean;
  /** The other members that take part: alive brokers, and nodes that are no brokers while their link is up. */
  audience(): readonly string[];
}
