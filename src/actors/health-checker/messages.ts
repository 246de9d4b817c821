/**
 * HealthChecker: one per node, actor id `health-checker`. It probes the other nodes' checkers; three probes missed in a
 * row, or an answer after that, is told to its node's manager. All on the control lane.
 */
import type { DirectoryEvents } from '../manager/messages.ts';

export interface Probe {
  readonly kind: 'probe';
  readonly fromNode: string;
  readonly round: number;
}

export interface ProbeAnswer {
  readonly kind: 'probe-answer';
  readonly fromNode: string;
  /** The journal that the node runs on. */
  readonly replica: string;
  readonly round: number;
  /** By its wall clock, milliseconds since 1970. */
  readonly wallTimeMs: number;
}

export interface HealthTick {
  readonly kind: 'health-tick';
}

/** The local manager's incarnation ended, and the subscription with it. */
export interface ManagerGone {
  readonly kind: 'manager-gone';
}

export type HealthCheckerMessage = Probe | ProbeAnswer | HealthTick | ManagerGone | DirectoryEvents;

export const healthCheckerActorId = 'health-checker';
