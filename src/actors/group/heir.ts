/** Who should lead next: the most advanced follower that is heard from and sound, among those that `may`. */
import type { FollowerStatus } from '../../raft/index.ts';
import type { ReplicaId } from '@callboard/client/protocol';

export function heirAmong(
  followers: readonly FollowerStatus[],
  may: (replica: ReplicaId) => boolean,
): ReplicaId | undefined {
  const heirs = followers.filter(({ replica, damaged, active }) => active && !damaged && may(replica));
  return heirs.toSorted((a, b) => b.match - a.match)[0]?.replica;
}
