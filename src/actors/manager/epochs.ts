/**
 * Epochs of registered producers: where a partition that is led on this node has forgotten some, the directory must give those that
 * register from here on a higher one. Asked for until the directory has it.
 */
import type { DirectoryCommand, DirectoryMachine } from '../../directory/index.ts';
import type { GroupId } from '@callboard/client/protocol';

/** Changes that are begun at a time. */
const atOnce = 64;

export class Epochs {
  readonly #want: (command: DirectoryCommand) => () => boolean;
  /** By group: the highest epoch that its leader here has forgotten, for as long as its topic's is not above. */
  readonly #forgotten = new Map<GroupId, number>();
  /** By topic: whether its change is still on its way. */
  readonly #asked = new Map<string, () => boolean>();

  constructor(want: (command: DirectoryCommand) => () => boolean) {
    this.#want = want;
  }

  heard(group: GroupId, epoch: number): void {
    this.#forgotten.set(group, Math.max(epoch, this.#forgotten.get(group) ?? 0));
  }

  /** Now and then. */
  repeat(machine: DirectoryMachine): void {
    for (const [topic, isOpen] of this.#asked) if (!isOpen()) this.#asked.delete(topic);
    if (this.#forgotten.size === 0) return;
    const wanted = new Map<string, number>();
    const known = new Set<GroupId>();
    for (const { name, partitions } of machine.topics()) {
      for (const { group } of partitions) {
        const forgotten = this.#forgotten.get(group);
        if (forgotten === undefined) continue;
        if (forgotten < machine.producerEpoch(name)) continue;
        known.add(group);
        wanted.set(name, Math.max(forgotten + 1, wanted.get(name) ?? 0));
      }
    }
    for (const group of this.#forgotten.keys()) if (!known.has(group)) this.#forgotten.delete(group);
    for (const [topic, epoch] of wanted) {
      if (this.#asked.size >= atOnce) return;
      if (!this.#asked.has(topic)) this.#asked.set(topic, this.#want({ kind: 'raise-epoch', topic, epoch }));
    }
  }
}
