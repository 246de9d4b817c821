/**
 * The `Context` of one incarnation: from one start of an actor to its end.
 *
 * After the end a context is inert, so a late I/O callback of a failed actor cannot act in its successor's name:
 * `send` answers `gone`, timers never fire, `stop` and `monitor` do nothing, and `spawn` throws.
 */
import type { Address, Ref } from './address.ts';
import type { Actor, Context, Lane, SendResult, SpawnOptions } from './actor.ts';
import type { TimerHandle, TraceFields, TraceSink } from './actor.ts';
import type { Home, Host } from './host.ts';
import { Monitor } from './monitors.ts';
import type { Watcher } from './monitors.ts';
import type { Trace } from './ports.ts';
import { deadTimer, TimerTable } from './timers.ts';

export class Incarnation<M> implements Context<M>, Watcher {
  readonly self: Ref<M>;
  readonly incarnation: number;
  readonly trace: TraceSink;
  readonly startedAtMs: number;
  readonly #host: Host;
  readonly #home: Home;
  readonly #timers: TimerTable;
  /** Made by the first `monitor`. */
  #watching: Set<Monitor> | undefined;
  #live = true;

  constructor(host: Host, home: Home, incarnation: number) {
    this.self = home.ref;
    this.incarnation = incarnation;
    this.startedAtMs = host.ports.clock.now();
    this.trace = new ActorTrace(host.ports.trace, home.ref);
    this.#host = host;
    this.#home = home;
    this.#timers = new TimerTable(host.ports.clock, (timer) => home.deliver(timer, 'control', undefined));
  }

  send<T>(to: Ref<T>, message: T, lane: Lane = 'data'): SendResult {
    if (!this.#live) return 'gone';
    return this.#host.send(this.self, to, message, lane);
  }

  after(delayMs: number, message: M): TimerHandle {
    if (!this.#live) return deadTimer;
    this.#host.seal(message);
    return this.#timers.start(delayMs, message);
  }

  cancel(timer: TimerHandle): void {
    this.#timers.cancel(timer);
  }

  spawn<T>(id: string, factory: () => Actor<T>, options?: SpawnOptions<T>): Ref<T> {
    if (!this.#live) throw new Error(`${this.self.id} has ended and cannot start ${id}`);
    return this.#host.spawn(id, factory, options);
  }

  stop(address?: Address): void {
    if (!this.#live) return;
    if (address === undefined) this.#home.stop();
    else this.#host.stop(address);
  }

  monitor(address: Address, message: M): void {
    if (!this.#live) return;
    this.#host.seal(message);
    const watchers = this.#host.watchersOf(address);
    if (watchers === undefined) {
      this.#home.deliver(message, 'control', undefined);
      return;
    }
    this.#watching ??= new Set();
    this.#watching.add(new Monitor(message, this, watchers));
  }

  heard(monitor: Monitor): void {
    this.#watching?.delete(monitor);
    this.#home.deliver(monitor.message, 'control', undefined);
  }

  now(): number {
    return this.#host.ports.clock.now();
  }

  wallTime(): number {
    return this.#host.ports.clock.wallTime();
  }

  random(): number {
    return this.#host.ports.random.next();
  }

  /** Called by the cell, once, after the actor's last message. */
  end(): void {
    this.#live = false;
    this.#timers.clear();
    if (this.#watching === undefined) return;
    for (const monitor of this.#watching) monitor.drop();
    this.#watching = undefined;
  }
}

class ActorTrace implements TraceSink {
  readonly #trace: Trace;
  readonly #actor: Address;

  constructor(trace: Trace, actor: Address) {
    this.#trace = trace;
    this.#actor = actor;
  }

  note(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: TraceFields): void {
    this.#trace.note(this.#actor, level, event, fields);
  }
}
