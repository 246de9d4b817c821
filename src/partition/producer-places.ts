/**
 * Who has how many of the places that a partition has for producers. Part of the replicated state; only a leader looks whether there is room,
 * and what it has proposed and not applied counts.
 *
 * A part is kept for ids that nodes answer for: the gateways' own, and those that were registered over HTTP. Of the rest a fifth is
 * kept for owners within their share. One owner alone may have all of what is left; once there are others, only as much as its share.
 */
import { murmur2 } from '@callboard/client/protocol';
import type { Newcomers } from './producers.ts';

/** Of what nodes answer for. */
export const nodeOwner = 0;

const addressOwners = 255;
const encoder = new TextEncoder();

/** The number that stands for a client's address in the log: the same on every node. Others may have it too, and share with it. */
export function ownerOf(address: string): number {
  return 1 + ((murmur2(encoder.encode(address)) & 0x7fffffff) % addressOwners);
}

export interface PlacesLimits {
  readonly producersPerPartition: number;
  readonly producersOfNodes: number;
}

export class ProducerPlaces {
  readonly #limits: PlacesLimits;
  readonly #held = new Map<number, number>();
  #all = 0;

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  of(owner: number): number {
    return this.#held.get(owner) ?? 0;
  }

  take(owner: number): void {
    this.#held.set(owner, this.of(owner) + 1);
    this.#all += 1;
  }

  give(owner: number): void {
    const left = this.of(owner) - 1;
    if (left < 0) throw new Error(`owner ${owner} of producers gives back a place that it has not`);
    if (left === 0) this.#held.delete(owner);
    else this.#held.set(owner, left);
    this.#all -= 1;
  }

  /** Whether `owner` may have one more. */
  hasRoom(owner: number, coming: Newcomers): boolean {
    const { producersPerPartition, producersOfNodes } = this.#limits;
    const all = this.#all + coming.all;
    if (all >= producersPerPartition) return false;
    if (owner === nodeOwner) return true;
    const most = producersPerPartition - producersOfNodes;
    const ofNodes = this.of(nodeOwner) + coming.of(nodeOwner);
    const used = all - ofNodes;
    if (used >= most) return false;
    const common = most - Math.floor(most / 5);
    const mine = this.of(owner) + coming.of(owner);
    const others = [...this.#held.keys()].filter((one) => one !== owner && one !== nodeOwner).length;
    if (mine < common / (others + 1)) return true;
    return used < (mine === used ? common : common / 2);
  }
}
