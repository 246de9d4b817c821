/**
 * Addresses for which some connections are kept free: this machine's own (probes of its health), those that the configuration gives the peers, and
 * those from which peers have proved themselves.
 */
import { isIP } from 'node:net';
import { shareOwner } from './client-address.ts';

/** Learned ones; the one that has not been heard of for longest is forgotten. */
const mostLearned = 256;

export class KnownAddresses {
  readonly #given: ReadonlySet<string>;
  readonly #learned = new Set<string>();

  /** `hosts`: of the peers, as configured; names are learned when peers come. */
  constructor(hosts: Iterable<string>) {
    const addresses = [...hosts]
      .map((host) => host.replace(/^\[(.*)\]$/, '$1'))
      .filter((host) => isIP(host) !== 0);
    this.#given = new Set(['127.0.0.1', '::1', ...addresses].map(shareOwner));
  }

  /** `owner`: as `shareOwner` gives it. */
  learn(owner: string): void {
    this.#learned.delete(owner);
    this.#learned.add(owner);
    const [oldest] = this.#learned;
    if (this.#learned.size > mostLearned && oldest !== undefined) this.#learned.delete(oldest);
  }

  has(owner: string): boolean {
    return this.#given.has(owner) || this.#learned.has(owner);
  }
}
