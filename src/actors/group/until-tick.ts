/**
 * When the next tick is due. All groups of a node tick at the same moments, so that the heartbeats of one moment leave as one frame
 * per peer. Elections are spread by their random timeouts, not by this.
 */
export function untilTick(nowMs: number, tickMs: number): number {
  const left = tickMs - (nowMs % tickMs);
  // A timer may fire a fraction early: that is this tick, not one more.
  return left < tickMs / 2 ? left + tickMs : left;
}
