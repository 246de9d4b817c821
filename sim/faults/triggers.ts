/**
 * Faults that wait for a moment: the next time that a node writes, or has written one batch and not yet what belongs to it, or
 * sends a vote or an ack. A crash there is worth many at random times.
 */
import type { Envelope } from '../../src/kernel/index.ts';
import type { GroupRaft } from '../../src/actors/group/messages.ts';
import type { LoadEffect } from '../../src/raft/index.ts';
import type { RaftView } from '../observe/raft-probe.ts';
import type { World } from '../world.ts';

export type Moment =
  'write' | 'truncate' | 'stored' | 'truncated' | 'vote' | 'vote-reply' | 'append-reply' | 'append';

interface Armed {
  readonly node: string;
  readonly moment: Moment;
  readonly strike: () => void;
}

/** What strikes as a leader is about to read this for a follower. */
type ReadStrike = (view: RaftView, load: LoadEffect) => void;

export class Triggers {
  readonly #world: World;
  #armed: Armed[] = [];
  #readArmed: { readonly node: string; readonly strike: ReadStrike }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  arm(node: string, moment: Moment, strike: () => void): void {
    this.#armed.push({ node, moment, strike });
  }

  /** The next time that the node reads its disk for a follower: before it is read. */
  armRead(node: string, strike: ReadStrike): void {
    this.#readArmed.push({ node, strike });
  }

  clear(): void {
    this.#armed = [];
    this.#readArmed = [];
  }

  reading(view: RaftView, load: LoadEffect): void {
    const found = this.#readArmed.find(({ node }) => node === view.node);
    if (found === undefined) return;
    this.#readArmed = this.#readArmed.filter((armed) => armed !== found);
    found.strike(view, load);
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
