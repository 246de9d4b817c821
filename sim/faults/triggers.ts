/**
 * Faults that wait for a moment: the next time that a node writes, or has written one batch and not yet what belongs to it, or
 * sends a vote or an ack. A crash there is worth many at random times.
 */
import type { Envelope } from '../../src/kernel/index.ts';
import type { GroupRaft } from '../../src/actors/group/messages.ts';
import type { World } from '../world.ts';

export type Moment =
  'write' | 'truncate' | 'stored' | 'truncated' | 'vote' | 'vote-reply' | 'append-reply' | 'append';

interface Armed {
  readonly node: string;
  readonly moment: Moment;
  readonly strike: () => void;
}

export class Triggers {
  readonly #world: World;
  #armed: Armed[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  arm(node: string, moment: Moment, strike: () => void): void {
    this.#armed.push({ node, moment, strike });
  }

  clear(): void {
    this.#armed = [];
  }

  writing(node: string, truncates: boolean): void {
    if (this.#armed.length === 0) return;
    this.#reached(node, 'write');
    if (truncates) this.#reached(node, 'truncate');
  }

  stored(node: string, truncates: boolean): void {
    if (this.#armed.length === 0) return;
    this.#reached(node, 'stored');
    if (truncates) this.#reached(node, 'truncated');
  }

  sending(envelope: Envelope): void {
    if (this.#armed.length === 0) return;
    const message = envelope.message as GroupRaft | { readonly kind: 'other' };
    if (message.kind === 'group-raft') this.#reached(envelope.from.node, message.message.kind);
  }

  /** Not within the step that is under way, but right after it, or a moment later. */
  #reached(node: string, moment: string): void {
    const found = this.#armed.find((armed) => armed.node === node && armed.moment === moment);
    if (found === undefined) return;
    this.#armed = this.#armed.filter((armed) => armed !== found);
    this.#world.after(0.001, found.strike);
  }
}
