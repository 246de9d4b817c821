/** The public pieces of the kernel. Everything else in this folder is its own business. */
export { formatAddress, refTo } from './address.ts';
export type { Address, Ref } from './address.ts';
export type {
  Actor,
  Context,
  ExitReason,
  Lane,
  Quarantine,
  RestartPolicy,
  SendResult,
  SpawnOptions,
  TimerHandle,
  TraceFields,
  TraceSink,
} from './actor.ts';
export type { ActorInfo, ActorState } from './cell.ts';

export type { KernelLimits } from './limits.ts';
export type { Checksum, Clock, ClockTimer, Envelope, KernelPorts, Network, Random, Trace } from './ports.ts';
export { RateBudget } from './rate-budget.ts';
export type { RateBudgetOptions } from './rate-budget.ts';
export { OUTSIDE } from './registry.ts';
export { Seldom } from './seldom.ts';
export { SharedBudget } from './shared-budget.ts';
export type { TapListener, TapSight } from './tap.ts';
export { ActorSystem } from './system.ts';
export type { ActorSystemOptions } from './system.ts';
