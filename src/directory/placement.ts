/**
 * Which brokers hold the replicas of new partitions (S16, S17).
 *
 * Each partition takes the brokers that hold the fewest partition replicas, names deciding between equals; active ones
 * first, inactive ones only to fill up, and only while a majority of the chosen is active: a group that could
 * not elect a leader on the day of its birth is not worth creating. Never fewer replicas than asked for.
 *
 * The first replica of a partition is its preferred leader: the chosen active broker that is preferred least often so far.
 */
export interface Candidate {
  readonly node: string;
  /** The node's journal id. */
  readonly replica: string;
  readonly active: boolean;
  /** Partition replicas that it holds already. */
  readonly replicas: number;
  /** Partitions that prefer it as their leader already. */
  readonly leads: number;
}

export interface PlacedReplica {
  readonly node: string;
  readonly replica: string;
}

interface Slot {
  readonly node: string;
  readonly replica: string;
  readonly active: boolean;
  replicas: number;
  leads: number;
}

function lighter(a: Slot, b: Slot): boolean {
  return a.replicas !== b.replicas ? a.replicas < b.replicas : a.node < b.node;
}

function preferred(a: Slot, b: Slot): boolean {
  if (a.active !== b.active) return a.active;
  return a.leads !== b.leads ? a.leads < b.leads : a.node < b.node;
}

/** The `count` least of `slots`, in order. There are few to choose and perhaps many to choose from: no sorting. */
function least(slots: readonly Slot[], count: number, before: (a: Slot, b: Slot) => boolean): Slot[] {
  const chosen: Slot[] = [];
  for (const slot of slots) {
    let at = chosen.length;
    while (at > 0 && before(slot, chosen[at - 1]!)) at -= 1;
    if (at >= count) continue;
    chosen.splice(at, 0, slot);
    if (chosen.length > count) chosen.pop();
  }
  return chosen;
}

/** The replicas of each of `partitions` new partitions, or undefined when there are not enough active brokers. */
export function placePartitions(
  candidates: readonly Candidate[],
  partitions: number,
  factor: number,
): readonly (readonly PlacedReplica[])[] | undefined {
  const slots: Slot[] = candidates.map((candidate) => ({ ...candidate }));
  const active = slots.filter((slot) => slot.active);
  const inactive = slots.filter((slot) => !slot.active);
  const fromActive = Math.min(active.length, factor);
  const enough = slots.length >= factor && 2 * fromActive > factor;
  if (!enough) return undefined;
  const placed: (readonly PlacedReplica[])[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const chosen = [...least(active, fromActive, lighter), ...least(inactive, factor - fromActive, lighter)];
    const ordered = least(chosen, factor, preferred);
    for (const slot of ordered) slot.replicas += 1;
    ordered[0]!.leads += 1;
    placed.push(ordered.map(({ node, replica }) => ({ node, replica })));
  }
  return placed;
}
