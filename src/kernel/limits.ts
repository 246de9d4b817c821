/**
 * Every bound of the kernel, with its unit in the name. The composition root may replace any of them; their relations
 * are asserted when a system is built.
 */
import type { RestartPolicy } from './actor.ts';

export interface KernelLimits {
  /** Messages that a data lane holds unless `SpawnOptions.dataCapacity` says otherwise. */
  readonly mailboxDataMessages: number;
  /**
   * Messages on a control lane at which its actor counts as broken and fails. Protocol windows stay far below; this
   * bound exists so that a bug in one of them costs an actor and not the process's memory.
   */
  readonly mailboxControlMessages: number;
  /** Control messages taken in a row while data waits, before one data message has its turn. */
  readonly controlStreakMessages: number;
  /** Messages that one actor handles before the next actor has its turn. */
  readonly turnMessages: number;
  /** Milliseconds after which a drain yields to the event loop. */
  readonly drainMs: number;
  /** Messages after which a drain yields whatever the clock says: in simulation time stands still during a drain. */
  readonly drainMessages: number;
  /** Ended actor ids whose start count is remembered exactly; see `StartCounts`. */
  readonly rememberedActorIds: number;
  /** The restart policy of actors that were spawned without one. */
  readonly restart: RestartPolicy;
}

export const defaultKernelLimits: KernelLimits = {
  mailboxDataMessages: 1024,
  mailboxControlMessages: 1_048_576,
  controlStreakMessages: 16,
  turnMessages: 64,
  drainMs: 5,
  drainMessages: 131_072,
  rememberedActorIds: 65_536,
  restart: { firstDelayMs: 100, maxDelayMs: 10_000, budget: 5, windowMs: 60_000 },
};

/** Fills in the defaults. Throws a RangeError for limits that contradict each other. */
export function kernelLimits(changed: Partial<KernelLimits> = {}): KernelLimits {
  const limits: KernelLimits = { ...defaultKernelLimits, ...changed };
  const counts = [
    limits.mailboxDataMessages,
    limits.mailboxControlMessages,
    limits.controlStreakMessages,
    limits.turnMessages,
    limits.drainMessages,
    limits.rememberedActorIds,
  ];
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`a kernel limit must be a count, got ${count}`);
    }
  }
  if (!(limits.drainMs > 0)) throw new RangeError('drainMs must be positive');
  if (limits.turnMessages > limits.drainMessages) throw new RangeError('a turn must fit into a drain');
  assertRestartPolicy(limits.restart);
  return limits;
}

export function assertRestartPolicy(policy: RestartPolicy): void {
  const { firstDelayMs, maxDelayMs, budget, windowMs } = policy;
  const delaysFit = firstDelayMs >= 0 && maxDelayMs >= firstDelayMs && Number.isFinite(maxDelayMs);
  if (!delaysFit) throw new RangeError('a restart policy needs 0 <= firstDelayMs <= maxDelayMs');
  if (!Number.isSafeInteger(budget) || budget < 0) throw new RangeError('a restart budget is a count');
  if (!(windowMs > 0)) throw new RangeError('a restart window must be positive');
  let pausesMs = 0;
  let pauseMs = firstDelayMs;
  for (let n = 0; n < budget && pausesMs < windowMs && pauseMs > 0; n += 1) {
    pausesMs += Math.min(maxDelayMs, pauseMs);
    pauseMs *= 2;
  }
  // The first restarts would be forgotten before the last of the budget: such an actor would fail for ever.
  if (pausesMs >= windowMs) {
    throw new RangeError(
      `${budget} restarts take ${pausesMs} ms or more and never fall within ${windowMs} ms`,
    );
  }
}
