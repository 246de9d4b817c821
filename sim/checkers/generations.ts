/**
 * When the loss of records in memory is forgiven, and that it is said (SEMANTICS S1, S18, S20; docs/guarantees.md "Topics in memory").
 *
 * - A partition is begun anew only while a majority of its copies is gone: their processes ended, or their disks were wiped, and they
 *   have not healed since. A minority that is lost loses nothing, and nothing else is ever forgiven.
 * - Its offsets then go on above all that were ever given out in it; none is used again.
 * - What is sent after that is never acknowledged in a generation before, and the copies that made the loss never heal in it.
 * - Every node that knows of it says how often it happened (`losses`).
 *
 * Follows the committed log of the directory by itself, so it knows of a new generation before anybody can use it.
 */
import { firstOffsetOf, generationOf } from '@callboard/client/protocol';
import type { PartitionPlacement, Topic } from '../../src/directory/index.ts';

export interface Generation {
  readonly group: number;
  readonly generation: number;
  readonly topic: string;
  readonly sinceMicros: number;
  /** When the next generation was begun; undefined: this is the newest. */
  lostMicros: number | undefined;
}

export interface GenerationFacts {
  /** The members of the group whose copies are gone. */
  gone(group: number): readonly string[];
  members(group: number): readonly string[];
  nowMicros(): number;
}

/** What a node says of a topic. */
export interface ToldTopic {
  readonly name: string;
  readonly groups: readonly number[];
  readonly losses: number;
}

export class GenerationChecker {
  readonly #facts: GenerationFacts;
  readonly #report: (text: string) => void;
  /** Told as a partition is begun anew. */
  readonly #onLoss: (lost: Generation, successor: Generation) => void;
  /** Every partition's generations, oldest first, by each of their groups. */
  readonly #lines = new Map<number, Generation[]>();
  /** The same by name and number of the partition, for the topic that has the name now. */
  readonly #places = new Map<string, Generation[][]>();
  readonly #inMemory = new Set<number>();
  /** One above the highest offset that anybody was seen to write in a group. */
  readonly #written = new Map<number, number>();
  #losses = 0;

  constructor(
    facts: GenerationFacts,
    report: (text: string) => void,
    onLoss: (lost: Generation, successor: Generation) => void,
  ) {
    this.#facts = facts;
    this.#report = report;
    this.#onLoss = onLoss;
  }

  /** How often a partition was begun anew. */
  get losses(): number {
    return this.#losses;
  }

  isInMemory(group: number): boolean {
    return this.#inMemory.has(group);
  }

  isLost(group: number): boolean {
    return this.#of(group)?.lostMicros !== undefined;
  }

  /** The group that goes on where this one was, or began: itself, if nothing was lost. */
  now(group: number): number {
    return this.#lines.get(group)?.at(-1)?.group ?? group;
  }

  /** The group in which the partition began; all of its generations have the same. */
  origin(group: number): number {
    return this.#lines.get(group)?.[0]?.group ?? group;
  }

  first(group: number): number {
    return firstOffsetOf(this.#of(group)?.generation ?? 0);
  }

  /** The generation of this partition that an offset belongs to; -1: none. */
  holding(group: number, offset: number): number {
    const line = this.#lines.get(group);
    if (line === undefined) return generationOf(offset) === 0 ? group : -1;
    return line.find(({ generation }) => generation === generationOf(offset))?.group ?? -1;
  }

  /** The groups of this partition up to this one, oldest first. */
  upTo(group: number): readonly number[] {
    const line = this.#lines.get(group)?.map((one) => one.group) ?? [group];
    return line.slice(0, line.indexOf(group) + 1);
  }

  /** Records of `group` that were first sent then may be acknowledged. */
  mayAcknowledge(group: number, firstSentMicros: number): boolean {
    const lost = this.#of(group)?.lostMicros;
    return lost === undefined || firstSentMicros <= lost;
  }

  /** The directory has committed this of a topic. */
  topic({ name, storage, state, partitions }: Topic): void {
    if (state === 'deleting') return;
    const places = this.#places.get(name) ?? [];
    this.#places.set(name, places);
    for (const [partition, placement] of partitions.entries()) {
      if (this.#lines.has(placement.group)) continue;
      if (storage === 'memory') this.#inMemory.add(placement.group);
      places[partition] = this.#begins(name, placement, places[partition]);
    }
  }

  /** A copy has written records up to this offset, committed or not. */
  wrote(group: number, end: number): void {
    if (end > (this.#written.get(group) ?? 0)) this.#written.set(group, end);
  }

  /** What a node that has applied everything says of its topics. */
  told(node: string, topics: readonly ToldTopic[]): void {
    for (const { name, groups, losses } of topics) {
      const expected = groups.reduce((sum, group) => sum + this.upTo(group).length - 1, 0);
      if (losses === expected) continue;
      this.#report(`${node} says that topic ${name} had ${losses} losses, it had ${expected}`);
    }
  }

  #of(group: number): Generation | undefined {
    return this.#lines.get(group)?.find((one) => one.group === group);
  }

  /** A group that was not known before: of a new partition, or in the place of one that was lost. `before`: of that name and number. */
  #begins(topic: string, placement: PartitionPlacement, before: Generation[] | undefined): Generation[] {
    const { group, generation = 0 } = placement;
    const sinceMicros = this.#facts.nowMicros();
    const next: Generation = { group, generation, topic, sinceMicros, lostMicros: undefined };
    const lost = before?.at(-1);
    const line = generation === 0 || before === undefined ? [next] : [...before, next];
    for (const one of line) this.#lines.set(one.group, line);
    if (generation === 0) return line;
    if (lost?.generation !== generation - 1) {
      this.#report(
        `group ${group} of ${topic} is generation ${generation} of a partition that was not there`,
      );
      return line;
    }
    this.#checkLoss(lost, next, line);
    lost.lostMicros = sinceMicros;
    this.#losses += 1;
    this.#onLoss(lost, next);
    return line;
  }

  #checkLoss(lost: Generation, next: Generation, line: readonly Generation[]): void {
    const away = this.#facts.gone(lost.group);
    const all = this.#facts.members(lost.group);
    if (2 * away.length <= all.length) {
      this.#report(
        `group ${lost.group} of ${lost.topic} was begun anew as ${next.group}, with only ${away.join() || 'no copy'} gone of ${all.join()}`,
      );
    }
    if (!this.#inMemory.has(lost.group)) {
      this.#report(`group ${lost.group} of ${lost.topic} was begun anew although it is on disk`);
    }
    const used = Math.max(...line.map(({ group }) => this.#written.get(group) ?? 0));
    if (firstOffsetOf(next.generation) < used) {
      this.#report(
        `group ${next.group} of ${lost.topic} begins at offset ${firstOffsetOf(next.generation)}, but ${used - 1} was used before`,
      );
    }
  }
}
