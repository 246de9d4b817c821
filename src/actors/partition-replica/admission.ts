/** Whether a leader has room for one more batch, and what it says of itself. */
import type { PartitionMachine } from '../../partition/index.ts';
import type { CallError, GroupId, Limits } from '@callboard/client/protocol';
import type { GroupDriver } from '../group/driver.ts';
import { noRoomError, refusalError } from './errors.ts';

interface Room {
  readonly limits: Limits;
  readonly budget: { readonly bytes: number };
  readonly noRoom: () => 'low_disk_space' | 'memory_full' | undefined;
}

/** Why `bytes` more cannot be taken now: consensus refuses, the node is full of uncommitted bytes, or its disk is. */
export function roomFor(
  driver: GroupDriver,
  { limits, budget, noRoom }: Room,
  bytes: number,
): CallError | undefined {
  const refusal = driver.refusal(bytes);
  if (refusal !== undefined) return refusalError(refusal);
  if (budget.bytes + bytes > limits.uncommittedNodeBytes) return refusalError('uncommitted-full');
  const code = noRoom();
  return code === undefined ? undefined : noRoomError(code, 'records');
}

export function reportOf(
  group: GroupId,
  driver: GroupDriver,
  machine: PartitionMachine,
): Record<string, unknown> {
  const { status, verdict, leaderNode: leader, applied, durable } = driver;
  return {
    group,
    verdict,
    role: status?.role ?? 'none',
    term: status?.term ?? 0,
    leader,
    commit: status?.commit ?? 0,
    applied,
    last: status?.last ?? 0,
    durable,
    lag: (status?.last ?? 0) - applied,
    first: machine.first,
    end: machine.end,
    consumers: machine.recentConsumers(),
    followers: status?.followers ?? [],
  };
}
