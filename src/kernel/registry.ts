/**
 * The table of a system's actors, and the way of a message to its mailbox or to the network.
 *
 * Actors are kept in the order of their spawning; a restart does not change it. All iteration follows that order, so it
 * is the same in every run under one seed.
 */
import { formatAddress, refTo } from './address.ts';
import type { Address, Ref } from './address.ts';
import type { Actor, Lane, SendResult, SpawnOptions } from './actor.ts';
import { Cell } from './cell.ts';
import { deepFreeze } from './freeze.ts';
import type { Host } from './host.ts';
import type { KernelLimits } from './limits.ts';
import type { Watchers } from './monitors.ts';
import type { KernelPorts } from './ports.ts';
import { Scheduler } from './scheduler.ts';
import type { Task } from './scheduler.ts';
import { StartCounts } from './starts.ts';

/** The sender's id in envelopes that were sent from outside any actor: there is nobody to answer to. */
export const OUTSIDE = 'outside';

export interface RegistryOptions {
  readonly node: string;
  readonly shard: number;
  readonly ports: KernelPorts;
  readonly limits: KernelLimits;
  readonly freezeMessages: boolean;
  readonly onEscalate: (error: unknown, address: Address) => void;
}

export class Registry implements Host {
  readonly ports: KernelPorts;
  readonly limits: KernelLimits;
  readonly #node: string;
  readonly #shard: number;
  readonly #freezes: boolean;
  readonly #onEscalate: (error: unknown, address: Address) => void;
  readonly #scheduler: Scheduler;
  readonly #cells = new Map<string, Cell>();
  readonly #starts: StartCounts;
  #closed = false;

  constructor(options: RegistryOptions) {
    this.ports = options.ports;
    this.limits = options.limits;
    this.#node = options.node;
    this.#shard = options.shard;
    this.#freezes = options.freezeMessages;
    this.#onEscalate = options.onEscalate;
    this.#scheduler = new Scheduler(options.ports.clock, options.ports.network, options.limits);
    this.#starts = new StartCounts(options.limits.rememberedActorIds);
  }

  cell(id: string): Cell | undefined {
    return this.#cells.get(id);
  }

  cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  /** From now on nothing can be spawned. */
  close(): void {
    this.#closed = true;
    // Farewells that `stopped()` sends to other nodes still need their flush.
    this.#scheduler.wake();
  }

  seal(message: unknown): void {
    if (this.#freezes) deepFreeze(message);
  }

  send(from: Address, to: Address, message: unknown, lane: Lane): SendResult {
    if (this.#freezes) deepFreeze(message);
    if (to.node === this.#node && to.shard === this.#shard) {
      const cell = this.#cells.get(to.id);
      return cell === undefined ? 'gone' : cell.deliver(message, lane, from);
    }
    // Outside a drain nobody else would flush what the network collects now.
    this.#scheduler.wake();
    return this.ports.network.send({ from, to, lane, message });
  }

  spawn<T>(id: string, factory: () => Actor<T>, options: SpawnOptions<T> = {}): Ref<T> {
    if (this.#closed) throw new Error(`the system is stopped and cannot start ${id}`);
    if (id === '' || id === OUTSIDE) throw new Error(`an actor cannot have the id "${id}"`);
    if (this.#cells.has(id)) throw new Error(`the actor id ${id} is taken`);
    const ref = Object.freeze(refTo<unknown>(this.#node, id, this.#shard));
    // What a cell hands to its actor came in through a Ref of the actor's own type.
    const cell = new Cell(this, ref, this.#starts.recall(id), factory, options);
    this.#cells.set(id, cell);
    return ref;
  }

  stop(address: Address): void {
    this.#local(address, 'stop')?.stop();
  }

  watchersOf(address: Address): Watchers | undefined {
    return this.#local(address, 'monitor')?.watchers;
  }

  schedule(task: Task): void {
    this.#scheduler.enqueue(task);
  }

  release(id: string, starts: number): void {
    this.#cells.delete(id);
    this.#starts.remember(id, starts);
  }

  escalate(error: unknown, address: Address): void {
    this.#onEscalate(error, address);
  }

  #local(address: Address, purpose: string): Cell | undefined {
    if (address.node !== this.#node || address.shard !== this.#shard) {
      throw new Error(`cannot ${purpose} ${formatAddress(address)}: it lives elsewhere`);
    }
    return this.#cells.get(address.id);
  }
}
