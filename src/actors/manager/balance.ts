/**
 * When leaderships may go home: to the node of a partition's first replica, where placement spread them evenly. After a node was
 * away all of them are elsewhere, and without this they stay there.
 *
 * No flapping: a node must have been active for a while without a break, and for twice as long after each break that
 * follows soon. A group must have been led here for a while, and for twice as long each time that its home did not keep it: a leader
 * that is alive and gives way has a reason, such as a slow disk or a way that carries beats and no entries. No storm: a few groups at a time, each one seldom; and a replica hands over only to one that has nearly all.
 */
import type { GroupId } from '@callboard/client/protocol';

interface Presence {
  sinceMs: number;
  active: boolean;
  /** How long it must be active before leaderships go there. */
  trialMs: number;
}

/** One group that this node leads, or led before it went home. */
interface Stay {
  readonly sinceMs: number;
  /** How long it stays before it may go home. */
  forMs: number;
  /** When it was last asked to go home. */
  askedMs: number | undefined;
  /** When it left; undefined: it is led here. */
  leftMs: number | undefined;
}

const trialsMost = 32;
/** A group that is back here within so many of its stays has not been kept. */
const keptStays = 4;

export class Balance {
  readonly #firstTrialMs: number;
  readonly #groupsAtOnce: number;
  readonly #nodes = new Map<string, Presence>();
  readonly #stays = new Map<GroupId, Stay>();
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

  /** The directory has removed it. */
  nodeGone(name: string): void {
    this.#nodes.delete(name);
  }

  /** Its topic was removed: it is led nowhere any more. */
  groupGone(group: GroupId): void {
    this.#stays.delete(group);
  }

  isSteady(name: string, nowMs: number): boolean {
    const known = this.#nodes.get(name);
    return known?.active === true && nowMs - known.sinceMs >= known.trialMs;
  }

  /** This node leads the group from now on. */
  led(group: GroupId, nowMs: number): void {
    const before = this.#stays.get(group);
    const firstMs = this.#firstTrialMs;
    const goneMs = before?.askedMs === undefined ? undefined : (before.leftMs ?? before.askedMs);
    const kept = before === undefined || goneMs === undefined || nowMs - goneMs >= keptStays * before.forMs;
    const forMs = kept ? firstMs : Math.min(2 * before.forMs, trialsMost * firstMs);
    this.#stays.set(group, { sinceMs: nowMs, forMs, askedMs: undefined, leftMs: undefined });
  }

  /** This node leads the group no more. */
  left(group: GroupId, nowMs: number): void {
    const stay = this.#stays.get(group);
    if (stay !== undefined) stay.leftMs = nowMs;
  }

  /**
   * Whether the group has been led here for long enough to go home. One that was asked and is still here counts from then: nothing
   * is written while it waits for a home that cannot take it, such as one whose disk hangs.
   */
  mayGo(group: GroupId, nowMs: number): boolean {
    const stay = this.#stays.get(group);
    if (stay === undefined || stay.leftMs !== undefined) return false;
    return nowMs - (stay.askedMs ?? stay.sinceMs) >= stay.forMs;
  }

  asked(group: GroupId, nowMs: number): void {
    const stay = this.#stays.get(group);
    if (stay === undefined) return;
    if (stay.askedMs !== undefined) stay.forMs = Math.min(2 * stay.forMs, trialsMost * this.#firstTrialMs);
    stay.askedMs = nowMs;
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
