/**
 * The actors of one node (one shard of it), seen from the composition root, the transport and the tests.
 *
 * - Everything runs on the ports: under a simulated clock, random source and network a run is a function of its seed.
 * - No call from outside runs a handler: `spawn`, `send` and `deliver` only queue. Handlers run when the clock calls the
 *   scheduler back. `stop` and `stopAll` do call the actors' `stopped()`, except for one that is in its own turn.
 * - `onEscalate` is told of an actor whose failure is the process's failure. It is called inside a drain, after that
 *   actor has ended; the other actors go on until the owner stops them.
 */
import { refTo } from './address.ts';
import type { Address, Ref } from './address.ts';
import type { Actor, Lane, SendResult, SpawnOptions } from './actor.ts';
import type { ActorInfo } from './cell.ts';
import { kernelLimits } from './limits.ts';
import type { KernelLimits } from './limits.ts';
import type { Envelope, KernelPorts } from './ports.ts';
import { OUTSIDE, Registry } from './registry.ts';
import { Tap, type TapListener } from './tap.ts';

export interface ActorSystemOptions {
  readonly node: string;
  readonly shard?: number;
  readonly ports: KernelPorts;
  readonly limits?: Partial<KernelLimits>;
  readonly onEscalate: (error: unknown, address: Address) => void;
  /** Deep-freezes each message as it is sent. For tests and the simulator. */
  readonly freezeMessages?: boolean;
}

export class ActorSystem {
  readonly node: string;
  readonly shard: number;
  readonly #registry: Registry;
  readonly #clock: KernelPorts['clock'];
  readonly #outside: Address;

  constructor(options: ActorSystemOptions) {
    this.node = options.node;
    this.shard = options.shard ?? 0;
    this.#clock = options.ports.clock;
    this.#outside = Object.freeze(refTo(this.node, OUTSIDE, this.shard));
    this.#registry = new Registry({
      node: this.node,
      shard: this.shard,
      ports: options.ports,
      limits: kernelLimits(options.limits),
      freezeMessages: options.freezeMessages ?? false,
      onEscalate: options.onEscalate,
    });
  }

  /** Starts an actor. Throws if the id is taken, also by an actor that waits for its restart. */
  spawn<M>(id: string, factory: () => Actor<M>, options?: SpawnOptions<M>): Ref<M> {
    return this.#registry.spawn(id, factory, options);
  }

  /** Sends from outside any actor, to this node or another. */
  send<M>(to: Ref<M>, message: M, lane: Lane = 'data'): SendResult {
    return this.#registry.send(this.#outside, to, message, lane);
  }

  /** What the network received for this node. An envelope for any other node or shard is `gone`, never forwarded. */
  deliver(envelope: Envelope): SendResult {
    const { from, to, message, lane } = envelope;
    if (to.node !== this.node || to.shard !== this.shard) return 'gone';
    this.#registry.seal(message);
    return this.#registry.cell(to.id)?.deliver(message, lane, from) ?? 'gone';
  }

  /** Ends a local actor, now or after its current message. Nothing happens if there is none. */
  stop(address: Address): void {
    this.#registry.stop(address);
  }

  /** Ends every actor, the youngest first, and the system: nothing can be spawned any more. */
  stopAll(): void {
    this.#registry.close();
    for (const cell of this.#registry.cells().toReversed()) cell.stop();
  }

  /** A ref to a local actor that exists, running or waiting for its restart. */
  find<M>(id: string): Ref<M> | undefined {
    return this.#registry.cell(id)?.ref;
  }

  /** One actor, for those who ask often: `inspect` asks every actor of the node. Undefined if there is none of this id. */
  inspectOne(id: string): ActorInfo | undefined {
    return this.#registry.cell(id)?.info(this.#clock.now());
  }

  /**
   * Shows `listener` the next `messages` messages that the actor handles, over its restarts. False: there is no such actor. The listener is
   * called within the actor's turn and must only note what it is told. Another tap of the same actor ends this one.
   */
  tap(id: string, messages: number, listener: TapListener): boolean {
    const cell = this.#registry.cell(id);
    cell?.tap(new Tap(this.#clock, messages, listener));
    return cell !== undefined;
  }

  /** Ends the tap of an actor, if it has one; its listener is told. */
  untap(id: string): void {
    this.#registry.cell(id)?.tap(undefined);
  }

  /** All actors, in the order of their spawning. */
  inspect(): ActorInfo[] {
    const nowMs = this.#clock.now();
    return this.#registry.cells().map((cell) => cell.info(nowMs));
  }
}
