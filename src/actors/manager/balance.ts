/**
 * When leaderships may go home: to the node of a partition's first replica, where placement spread them evenly. After a node was
 * away all of them are elsewhere, and without this they stay there.
 *
 * No flapping: a node must have been active for a while without a break, and for twice as long after each break that
 * follows soon. No storm: a few groups at a time, each one seldom; and a replica hands over only to one that has nearly all.
 */
import type { GroupId } from '@callboard/client/protocol';

interface Presence {
  sinceMs: number;
  active: boolean;
  /** How long it must be active before leaderships go there. */
  trialMs: number;
}

const trialsMost = 32;

export class Balance {
  readonly #firstTrialMs: number;
  readonly #groupsAtOnce: number;
  readonly #nodes = new Map<string, Presence>();
  /** The last that was given out; the next ones come behind it. */
  #last = -1;

  constructor(firstTrialMs: number, groupsAtOnce: number) {
    this.#firstTrialMs = firstTrialMs;
    this.#groupsAtOnce = groupsAtOnce;
  }

  /** The directory says so. */
  node(name: string, active: boolean, nowMs: number): void {
    const known = this.#nodes.get(name);
    if (known === undefined) {
      this.#nodes.set(name, { sinceMs: nowMs, active, trialMs: this.#firstTrialMs });
      return;
    }
    if (known.active === active) return;
    if (!active) {
      const soon = nowMs - known.sinceMs < 2 * known.trialMs;
      known.trialMs = soon
        ? Math.min(2 * known.trialMs, trialsMost * this.#firstTrialMs)
        : this.#firstTrialMs;
    }
    known.active = active;
    known.sinceMs = nowMs;
  }

  isSteady(name: string, nowMs: number): boolean {
    const known = this.#nodes.get(name);
    return known?.active === true && nowMs - known.sinceMs >= known.trialMs;
  }

  /** The next few of these groups, in the order of their numbers, from the beginning again after the last. */
  next(groups: Iterable<GroupId>): readonly GroupId[] {
    const sorted = [...groups].toSorted((a, b) => a - b);
    const from = sorted.findIndex((group) => group > this.#last);
    const taken = from < 0 ? [] : sorted.slice(from, from + this.#groupsAtOnce);
    this.#last = from + this.#groupsAtOnce >= sorted.length ? -1 : (taken.at(-1) ?? -1);
    return taken;
  }
}
