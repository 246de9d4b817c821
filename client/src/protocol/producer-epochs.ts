/** How a producer, whoever numbers for it, goes on when its numbers were refused or are in doubt. */

/** An epoch has 32 bits in a chunk. */
const lastEpoch = 0xffffffff;

/**
 * The epoch to count from 0 under, after `epoch`. `told`: what the partition said (`Failure.nextEpoch`). Undefined: nothing above the
 * own one is taken; only a new id helps, from epoch 0.
 */
export function epochAfter(epoch: number, told: number | undefined): number | undefined {
  const next = told ?? epoch + 1;
  return next > epoch && next <= lastEpoch ? next : undefined;
}
