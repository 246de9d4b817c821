/**
 * When a topic that is being created becomes ready: once each of its partitions has had a leader with a committed no-op.
 *
 * Every manager remembers which groups were led on its node and tells the primary for as long as their topic is being created. The
 * primary collects; a new one is told again, so it comes to the same end.
 */
import type { Topic } from '../../directory/index.ts';
import type { GroupId } from '@callboard/client/protocol';

export class Readiness {
  /** Topics that are being created, by their groups. */
  readonly #topicOf = new Map<GroupId, Topic>();
  /** Groups that were led on this node at some time. That they lost their leader since does not matter. */
  readonly #led = new Set<GroupId>();
  /** Topic by topic the groups that are known to be ready; the primary's. */
  readonly #ready = new Map<string, Set<GroupId>>();

  /** The directory says so. */
  topic(topic: Topic): void {
    if (topic.created !== undefined) this.#forgetReplaced(topic);
    for (const { group } of topic.partitions) {
      if (topic.state === 'creating') this.#topicOf.set(group, topic);
      else this.#topicOf.delete(group);
    }
    if (topic.state !== 'creating') this.#ready.delete(topic.name);
    if (topic.state !== 'deleting') return;
    for (const { group } of topic.partitions) this.#led.delete(group);
  }

  /** A partition that was begun anew has another group now. */
  #forgetReplaced(topic: Topic): void {
    const groups = new Set(topic.partitions.map(({ group }) => group));
    for (const [group, { name }] of this.#topicOf) {
      if (name !== topic.name || groups.has(group)) continue;
      this.#topicOf.delete(group);
      this.#ready.get(name)?.delete(group);
    }
  }

  ledHere(group: GroupId): void {
    this.#led.add(group);
  }

  /** Groups led here, of whatever topic. */
  led(): Iterable<GroupId> {
    return this.#led;
  }

  /** Whether the primary must hear that this group is led here. */
  mustTell(group: GroupId): boolean {
    return this.#topicOf.has(group) && this.#led.has(group);
  }

  /** Groups led here that the primary must hear of. */
  toTell(): readonly GroupId[] {
    return [...this.#topicOf.keys()].filter((group) => this.#led.has(group));
  }

  /** To the primary: some node leads this group. */
  heard(group: GroupId): void {
    const topic = this.#topicOf.get(group);
    if (topic === undefined) return;
    const ready = this.#ready.get(topic.name) ?? new Set();
    this.#ready.set(topic.name, ready.add(group));
  }

  /** Topics all of whose partitions are ready. */
  complete(): readonly string[] {
    const names: string[] = [];
    for (const [name, ready] of this.#ready) {
      const [group] = ready;
      const topic = group === undefined ? undefined : this.#topicOf.get(group);
      if (topic?.partitions.length === ready.size) names.push(name);
    }
    return names;
  }
}
