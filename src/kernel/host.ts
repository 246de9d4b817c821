/**
 * What the parts of the kernel see of each other. Inside the kernel only.
 */
import type { Address, Ref } from './address.ts';
import type { Actor, Lane, SendResult, SpawnOptions } from './actor.ts';
import type { KernelLimits } from './limits.ts';
import type { Watchers } from './monitors.ts';
import type { KernelPorts } from './ports.ts';
import type { Task } from './scheduler.ts';

/** The system, seen from one of its actors. */
export interface Host {
  readonly ports: KernelPorts;
  readonly limits: KernelLimits;
  /** Freezes the message if the system freezes messages at all. */
  seal(message: unknown): void;
  send(from: Address, to: Address, message: unknown, lane: Lane): SendResult;
  spawn<T>(id: string, factory: () => Actor<T>, options: SpawnOptions<T> | undefined): Ref<T>;
  stop(address: Address): void;
  /** Where to register for the end of a local actor; undefined if it has no living incarnation. */
  watchersOf(address: Address): Watchers | undefined;
  schedule(task: Task): void;
  /** The cell has ended for good: its id is free again. */
  release(id: string, starts: number): void;
  escalate(error: unknown, address: Address): void;
}

/** A cell, seen from its incarnation. */
export interface Home {
  readonly ref: Ref<unknown>;
  /** `from`: undefined for the actor's own timers and monitors. */
  deliver(message: unknown, lane: Lane, from: Address | undefined): SendResult;
  stop(): void;
}
