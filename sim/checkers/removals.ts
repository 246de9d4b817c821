/**
 * Creations, removals and uses of each topic name as one history (SEMANTICS S24). One topic of a name follows the other, each
 * known by its groups.
 *
 * - When a removal ends, and when it is answered, a majority of the replicas of each group has journaled its death; likewise before the name is used again.
 * - Nothing of a removed topic is served to a call that began after its removal was answered: no record is stored, none is read.
 * - What is stored under a name after a removal was answered lies in a group of a later topic.
 */
export interface DeathFacts {
  members(group: number): readonly string[];
  /** The nodes that have journaled the end of their replica of this group. */
  diedOn(group: number): ReadonlySet<string>;
}

/** Groups of partitions in memory that were begun anew under others: the first of a partition, and the one that goes on. */
export interface Lineage {
  origin(group: number): number;
  now(group: number): number;
}

const noLosses: Lineage = { origin: (group) => group, now: (group) => group };

interface Topic {
  readonly groups: readonly number[];
  /** When its removal was answered. */
  removedMicros: number | undefined;
  /** An operator has given up what lay on these nodes: they need not have said anything. */
  givenUp: ReadonlySet<string>;
}

export class RemovalChecker {
  readonly #facts: DeathFacts;
  readonly #report: (text: string) => void;
  readonly #lineage: Lineage;
  readonly #names = new Map<string, Topic[]>();
  readonly #byGroup = new Map<number, Topic>();
  #removals = 0;

  constructor(facts: DeathFacts, report: (text: string) => void, lineage: Lineage = noLosses) {
    this.#facts = facts;
    this.#report = report;
    this.#lineage = lineage;
  }

  /** Removals that were answered. */
  get removals(): number {
    return this.#removals;
  }

  /** A topic of this name is known to exist. */
  created(name: string, placed: readonly number[]): void {
    const groups = placed.map((group) => this.#lineage.origin(group));
    const topics = this.#names.get(name) ?? [];
    this.#names.set(name, topics);
    if (topics.some((topic) => topic.groups[0] === groups[0])) return;
    for (const older of topics.filter((topic) => (topic.groups[0] ?? 0) < (groups[0] ?? 0))) {
      this.#checkDead(older, `the name ${name} was given to groups ${groups.join()}`);
    }
    const topic: Topic = { groups, removedMicros: undefined, givenUp: new Set() };
    topics.push(topic);
    for (const group of groups) this.#byGroup.set(group, topic);
  }

  /** A creation of a topic of this name was answered, whatever groups it got. */
  free(name: string): void {
    for (const topic of this.#names.get(name) ?? []) this.#checkDead(topic, `the name ${name} was free`);
  }

  /** An operator is about to force a removal: these nodes are gone for good and need not have said anything. */
  giveUp(groups: readonly number[], nodes: readonly string[]): void {
    for (const group of groups) {
      const topic = this.#of(group);
      if (topic !== undefined) topic.givenUp = new Set(nodes);
    }
  }

  /** A node has applied the end of a removal. */
  gone(name: string, groups: readonly number[]): void {
    this.created(name, groups);
    const topic = this.#of(groups[0] ?? -1);
    if (topic !== undefined) this.#checkDead(topic, `the removal of ${name} ended`);
  }

  /** A removal was answered. */
  removed(name: string, groups: readonly number[], nowMicros: number): void {
    this.created(name, groups);
    const topic = this.#of(groups[0] ?? -1);
    if (topic === undefined) throw new Error(`topic ${name} has no group`);
    topic.removedMicros ??= nowMicros;
    this.#removals += 1;
    this.#checkDead(topic, `the removal of ${name} was answered`);
  }

  /** A call that began at `startMicros` was served from this group. */
  served(what: string, group: number, startMicros: number, node: string): void {
    const removedMicros = this.#of(group)?.removedMicros;
    if (removedMicros === undefined || removedMicros >= startMicros) return;
    const lateMs = (startMicros - removedMicros) / 1_000;
    this.#report(
      `${node} served a ${what} from group ${group} that began ${lateMs} ms after the removal of its topic was answered`,
    );
  }

  #of(group: number): Topic | undefined {
    return this.#byGroup.get(this.#lineage.origin(group));
  }

  #checkDead({ groups, givenUp }: Topic, when: string): void {
    for (const group of groups.map((one) => this.#lineage.now(one))) {
      const members = this.#facts.members(group);
      const died = this.#facts.diedOn(group);
      const dead = members.filter((node) => died.has(node) || givenUp.has(node));
      if (2 * dead.length > members.length) continue;
      this.#report(
        `${when} while group ${group} had died only on ${dead.join() || 'no node'} of ${members.join()}`,
      );
    }
  }
}
