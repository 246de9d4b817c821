/** What one other node has said of the groups that it leads, and how long ago it was heard. */
import type { GroupId, Term } from '@callboard/client/protocol';
import type { Beat } from './messages.ts';

export class Heard {
  readonly #leads = new Map<GroupId, Term>();
  #session: number | undefined;
  #number = 0;
  #version = 0;
  #silentTicks = 0;

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#leads.size;
  }

  /** Ticks since the last beat. */
  get silentTicks(): number {
    return this.#silentTicks;
  }

  /** The groups and terms in which the node leads, as it said last. */
  get leads(): ReadonlyMap<GroupId, Term> {
    return this.#leads;
  }

  tick(): void {
    this.#silentTicks += 1;
  }

  /** False: the beat is from the past, and is not answered. */
  beat({ session, number, base, version, groups, terms }: Beat): boolean {
    if (session !== this.#session) this.#begin(session);
    if (number <= this.#number) return false;
    this.#number = number;
    this.#silentTicks = 0;
    // It counts on changes that are not known here: the answer says so, and the next beat begins at the beginning.
    if (base > this.#version) return true;
    for (const [at, group] of groups.entries()) {
      const term = terms[at];
      if (term === undefined || term === 0) this.#leads.delete(group);
      else this.#leads.set(group, term);
    }
    this.#version = Math.max(this.#version, version);
    return true;
  }

  isLeading(group: GroupId, term: Term, withinTicks: number): boolean {
    return this.#silentTicks <= withinTicks && this.#leads.get(group) === term;
  }

  /** Another process, or Beats began anew in it: what the one before said is void. */
  #begin(session: number): void {
    this.#session = session;
    this.#number = 0;
    this.#version = 0;
    this.#leads.clear();
  }
}
