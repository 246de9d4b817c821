/**
 * The contract between an actor and the kernel.
 *
 * - `receive` runs to completion, synchronously; the kernel never runs two handlers at the same time, so what a
 *   handler checked still holds when it acts. It never awaits: I/O is asked for by a message or a port call with a
 *   callback that sends a message back.
 * - A handler that throws ends the actor; its supervisor decides whether a fresh instance takes its place.
 * - Messages are discriminated unions on `kind`, live beside the actor that receives them, and are never changed
 *   after they were sent (tests and the simulator freeze them).
 */
import type { Address, Ref } from './address.ts';

/**
 * `control` (consensus, completions, timers) is never refused: it is bounded by the protocols' own windows.
 * `data` (proposals, reads, subscriptions) is refused when the mailbox holds its bound.
 */
export type Lane = 'control' | 'data';

/** `full`: the mailbox or link is at its bound, nothing was taken. `gone`: no such actor on this node. */
export type SendResult = 'accepted' | 'full' | 'gone';

/** Handle of a pending timer; opaque. */
export interface TimerHandle {
  readonly timer: number;
}

export interface Actor<M> {
  receive(message: M, context: Context<M>): void;
  /** Called once before the first message, in the actor's own turn. */
  start?(context: Context<M>): void;
  /**
   * Called at the end of each turn, after the last message of it, unless the actor was stopped or failed. What an actor gathers over
   * several messages, to do it once for all of them, it does here: nothing that was gathered may wait for a later turn.
   */
  turnEnded?(context: Context<M>): void;
  /** Called once after the last message, whether stopped or failed. Must not throw. */
  stopped?(): void;
  /**
   * Called after `stopped()` for each message that waited in the mailbox and will be received by nobody, not even a stand-in, in the order
   * in which it would have been: whoever waits for an answer to it can be told so. Must not throw. An actor that was stopped before its
   * first turn is made for this alone: neither `start()` nor `stopped()` was called.
   */
  undelivered?(message: M, context: Context<M>): void;
  /** A small plain object for `/status` and `callboard actor info`. */
  inspect?(): Record<string, unknown>;
}

/** Why an actor ended. `escalated`: its restart budget is spent. */
export type ExitReason = 'stopped' | 'failed' | 'escalated';

/** Why and since when an actor is in quarantine. */
export interface Quarantine {
  /** What it failed with the last time, and where. */
  readonly error: string;
  readonly at: string | undefined;
  /** Wall-clock milliseconds. */
  readonly sinceMs: number;
  readonly restarts: number;
}

export interface SpawnOptions<M = never> {
  /** Bound of the data lane, in messages. Default: `limits.mailboxDataMessages` of the system. */
  readonly dataCapacity?: number;
  /** One-for-one restarts after a throw; `never` ends the actor, `escalate` fails the whole system. */
  readonly restart?: RestartPolicy | 'never' | 'escalate';
  /**
   * Makes the actor that answers under this id while the real one is in quarantine; it takes over what waits on the data lane. Without
   * one, or once it has failed itself, messages are `gone`.
   */
  readonly standIn?: (quarantine: Quarantine) => Actor<M>;
}

export interface RestartPolicy {
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** At most this many restarts within `windowMs`; what the next failure leads to, `spent` says. */
  readonly budget: number;
  readonly windowMs: number;
  /**
   * `escalate` (unless given): an actor that cannot stay up is the process's problem. `quarantine`: it is started no more, keeps its id,
   * and concerns nobody but those who ask it; for actors of which a node has many, each with peers elsewhere.
   */
  readonly spent?: 'escalate' | 'quarantine';
}

/**
 * What an actor may do. Valid for the actor's whole life, also from port callbacks outside a turn, `stopped()` included.
 * After that it is inert, so a late callback cannot act in the name of the next incarnation: `send` answers `gone`,
 * timers never fire, `stop` and `monitor` do nothing, `spawn` throws.
 */
export interface Context<M> {
  readonly self: Ref<M>;
  /** How many times this actor id was started in this system, from 1. A restart raises it. */
  readonly incarnation: number;
  /**
   * Puts a message into a mailbox on this node, or hands it to the network for another node. Messages from one
   * actor to another on one lane arrive in the order of sending on the same node; over the network they may be
   * lost, never reordered within one connection, and `accepted` promises no arrival. The lane is `data` unless said
   * otherwise. An actor that waits for its restart takes nothing: it will begin with an empty mailbox.
   */
  send<T>(to: Ref<T>, message: T, lane?: Lane): SendResult;
  /**
   * Delivers `message` to this actor on the control lane after `delayMs` of monotonic time. A late timer fires
   * once, and only after sockets had a chance to be read (the late-tick rule). Timers die with the incarnation.
   */
  after(delayMs: number, message: M): TimerHandle;
  /** The message will not be received any more, not even if the timer had fired and the message was queued. */
  cancel(timer: TimerHandle): void;
  /** Starts an actor on this node. Throws if the id is taken. The factory runs again for each restart. */
  spawn<T>(id: string, factory: () => Actor<T>, options?: SpawnOptions<T>): Ref<T>;
  /** Ends an actor of this node (or itself) after its current message; queued messages are dropped. */
  stop(address?: Address): void;
  /**
   * Sends `message` to this actor, once and on the control lane, when the given local actor's incarnation ends; at once
   * if there is none (an actor that waits for its restart has none).
   */
  monitor(address: Address, message: M): void;
  /** Monotonic milliseconds, not a wall clock. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for record timestamps only; it may jump. */
  wallTime(): number;
  /** Uniform in [0, 1), from the system's seeded or real source. */
  random(): number;
  /** Where this actor's notable events go. */
  readonly trace: TraceSink;
}

/** Structured, bounded notes: `event` is a stable dotted name; fields are small scalars. */
export interface TraceSink {
  note(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: TraceFields): void;
}

export type TraceFields = Readonly<Record<string, string | number | boolean | undefined>>;
