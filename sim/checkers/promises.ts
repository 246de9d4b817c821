/**
 * What each replica has promised so far, seen from outside: the log that it has made durable and answered for, and its term
 * and vote. Kept apart from the simulated disks, so that what a fault destroys can be told from what was never there.
 *
 * A replica of a removed topic owes nothing. A damaged replica goes on owing what it had promised; what it stores before it is whole again promises nothing.
 *
 * A copy in memory is gone with its process, until it has healed or was opened owing nothing. A replica whose node lost its disk is out:
 * it was placed under a journal that is no more, and must never be heard of again.
 */
export interface StoredEntry {
  readonly index: number;
  readonly term: number;
  readonly checksum: number;
}

export interface Hard {
  readonly term: number;
  readonly vote: string | undefined;
}

export interface WrittenPart {
  readonly group: number;
  readonly truncateFrom: number | undefined;
  readonly entries: readonly StoredEntry[];
  readonly hard: Hard | undefined;
  readonly tailIndex: number | undefined;
  readonly healed: boolean;
}

export interface OpenedLog {
  readonly verdict: 'clean' | 'damaged' | 'journal-lost';
  readonly owedKnown: boolean;
  readonly hard: Hard;
  readonly tailIndex: number;
  /** The disk was changed by a fault while it was being read: what is there now is not what was found. */
  readonly disturbed?: boolean;
}

export interface Member {
  readonly node: string;
  /** The journal of the node that it was placed on. */
  readonly replica: string;
}

/** Reads a replica's entry from its simulated disk, as it is now. */
export type ReadDisk = (node: string, group: number, index: number) => StoredEntry | undefined;

export class Promised {
  /** By index; what lies at 0 is nothing. */
  readonly entries: (StoredEntry | undefined)[] = [undefined];
  hard: Hard = { term: 0, vote: undefined };
  damaged = false;
  owedKnown = true;
  /** In memory, and lost with its process. */
  gone = false;
  /** Gave itself up and is stopped: what a write that it no longer hears of makes of it counts only when it is opened again. */
  givenUp = false;
  /** Entries at or above this index may have been changed by a batch that a crash left in doubt. */
  doubtFrom: number = Infinity;
  /** A hard state that a crash left in doubt. */
  doubtHard: Hard | undefined;

  get last(): number {
    return this.entries.length - 1;
  }

  get lastTerm(): number {
    return this.entries.at(-1)?.term ?? 0;
  }
}

export class Promises {
  readonly #readDisk: ReadDisk;
  readonly #report: (text: string) => void;
  readonly #replicas = new Map<string, Promised>();
  readonly #members = new Map<number, readonly string[]>();
  readonly #placed = new Map<number, readonly Member[]>();
  readonly #inMemory = new Set<number>();
  readonly #deaths = new Map<number, Map<string, number>>();
  readonly #died = new Map<number, Set<string>>();
  /** Begun anew under another group, with the copies that were gone then. */
  readonly #lost = new Map<number, ReadonlySet<string>>();
  /** The present journal of each node that was seen; empty: its disk was wiped. */
  readonly #journals = new Map<string, string>();

  constructor(readDisk: ReadDisk, report: (text: string) => void) {
    this.#readDisk = readDisk;
    this.#report = report;
  }

  /** A replica is about to be journaled as born on `node`. */
  born(node: string, group: number, placed: readonly Member[], inMemory = false): void {
    if (this.diedOn(group).has(node)) {
      this.#report(`${node} bears a replica of group ${group} again, whose death it had journaled`);
    }
    const members = placed.map((member) => member.node);
    const known = this.#members.get(group);
    if (known !== undefined && known.join() !== members.join()) {
      this.#report(`group ${group} was born with members ${members.join()}, before with ${known.join()}`);
    }
    this.#members.set(group, members);
    this.#placed.set(group, placed);
    if (inMemory) this.#inMemory.add(group);
  }

  /** The node's journal as it is now; empty: its disk was wiped. */
  journal(node: string, id: string): void {
    this.#journals.set(node, id);
  }

  /** A process has ended, and all copies in its memory with it. Returns the groups of those that held anything. */
  processEnded(node: string): readonly number[] {
    const lost: number[] = [];
    for (const group of this.groupsOf(node)) {
      if (!this.#inMemory.has(group)) continue;
      const promised = this.of(node, group);
      if (promised.last > 0 && !promised.gone) lost.push(group);
      promised.gone = true;
    }
    return lost;
  }

  isInMemory(group: number): boolean {
    return this.#inMemory.has(group);
  }

  /** The replica was placed on the node under a journal that is no more. */
  isOut(node: string, group: number): boolean {
    const journal = this.#journals.get(node);
    const member = this.#placed.get(group)?.find((one) => one.node === node);
    return journal !== undefined && member !== undefined && member.replica !== journal;
  }

  /** Members whose copies are gone, or out. */
  gone(group: number): readonly string[] {
    return this.members(group).filter((node) => this.of(node, group).gone || this.isOut(node, group));
  }

  /** The partition was begun anew under another group: what this one holds is forgiven. */
  lose(group: number): void {
    this.#lost.set(group, new Set(this.gone(group)));
  }

  /** Nothing is expected of the group any more. */
  #isOver(group: number): boolean {
    return this.#deaths.has(group) || this.#lost.has(group);
  }

  /** Its topic was removed, and this node deletes its replica: from now on all of them may be gone at any time, and owe nothing. */
  dying(node: string, group: number, nowMicros: number): void {
    const deaths = this.#deaths.get(group) ?? new Map<string, number>();
    this.#deaths.set(group, deaths.set(node, nowMicros));
  }

  /** Its death is durable: this node never takes part in the group again. */
  died(node: string, group: number): void {
    this.#died.set(group, new Set(this.#died.get(group)).add(node));
  }

  diedOn(group: number): ReadonlySet<string> {
    return this.#died.get(group) ?? new Set();
  }

  /** Groups of removed topics, with the nodes that delete their replicas and since when. */
  deaths(): ReadonlyMap<number, ReadonlyMap<string, number>> {
    return this.#deaths;
  }

  members(group: number): readonly string[] {
    return this.#members.get(group) ?? [];
  }

  /** Those of topics that were not removed. */
  groups(): readonly number[] {
    return [...this.#members.keys()].filter((group) => !this.#isOver(group));
  }

  /** Those in which the node has a replica that is not out. */
  groupsOf(node: string): readonly number[] {
    return this.groups().filter((group) => this.members(group).includes(node) && !this.isOut(node, group));
  }

  /** Of these, those on its disk. */
  onDiskOf(node: string): readonly number[] {
    return this.groupsOf(node).filter((group) => !this.#inMemory.has(group));
  }

  of(node: string, group: number): Promised {
    const key = `${node} ${group}`;
    const known = this.#replicas.get(key);
    if (known !== undefined) return known;
    const fresh = new Promised();
    this.#replicas.set(key, fresh);
    return fresh;
  }

  /** The node has stopped its copy in memory, which is damaged and finds nobody to heal it. */
  gaveUp(node: string, group: number): void {
    this.of(node, group).givenUp = true;
  }

  /** A write was answered: it is durable. */
  written(node: string, part: WrittenPart): void {
    const promised = this.of(node, part.group);
    if (part.hard !== undefined) promised.hard = part.hard;
    if (part.healed) {
      if (!promised.givenUp && this.#lost.get(part.group)?.has(node) === true) {
        this.#report(`${node} healed in group ${part.group} after its loss had been made good elsewhere`);
      }
      if (!promised.givenUp) promised.gone = false;
      this.#restore(node, part.group, promised, part.tailIndex ?? 0);
      promised.damaged = false;
      promised.owedKnown = true;
      return;
    }
    if (promised.damaged) return;
    const { entries } = promised;
    if (part.truncateFrom !== undefined && part.truncateFrom < entries.length) {
      entries.length = Math.max(1, part.truncateFrom);
    }
    for (const entry of part.entries) {
      if (entry.index > entries.length) {
        this.#report(
          `${node} group ${part.group} wrote entry ${entry.index} behind entry ${entries.length - 1}`,
        );
      }
      entries[entry.index] = entry;
    }
  }

  /** The process died while this write was under way. */
  leftInDoubt(node: string, part: WrittenPart): void {
    const promised = this.of(node, part.group);
    if (part.hard !== undefined) promised.doubtHard = part.hard;
    if (part.healed) promised.doubtFrom = 0;
    const lowest = Math.min(part.truncateFrom ?? Infinity, ...part.entries.map((entry) => entry.index));
    promised.doubtFrom = Math.min(promised.doubtFrom, lowest);
  }

  /** A log was opened. `excused`: faults have damaged this node, so a bad verdict is to be expected. */
  opened(node: string, group: number, log: OpenedLog, excused: boolean): void {
    const promised = this.of(node, group);
    const where = `${node} group ${group}`;
    promised.givenUp = false;
    if (this.isOut(node, group)) {
      this.#report(`${where} was opened although the disk that it was placed on is no more`);
    }
    this.#checkHard(where, promised, log.hard);
    promised.hard = log.hard;
    promised.doubtHard = undefined;
    if (log.verdict === 'journal-lost') {
      this.#report(
        `${where} was opened as journal-lost although one copy of its journal was sound at any time`,
      );
    } else if (log.verdict === 'damaged') {
      // Of a removed topic nobody is left to heal it: it may be as damaged as it was when the others died.
      if (!excused && !promised.gone && !this.#isOver(group)) {
        this.#report(`${where} was opened as damaged although no fault has damaged it`);
      }
      promised.damaged = true;
      promised.owedKnown = log.owedKnown;
      // It owes what was answered; what was in doubt it may owe as well, or not.
      return;
    } else {
      if (log.disturbed === true) {
        const known = Math.min(promised.entries.length, log.tailIndex + 1);
        this.#restore(node, group, promised, log.tailIndex, known);
      } else this.#checkClean(where, node, group, promised, log);
      promised.damaged = false;
      promised.owedKnown = true;
      promised.gone = false;
    }
    promised.doubtFrom = Infinity;
  }

  #checkHard(where: string, promised: Promised, hard: Hard): void {
    const { term, vote } = promised.hard;
    if (hard.term < term) {
      this.#report(`${where} came back with term ${hard.term}, it had promised term ${term}`);
    }
    const forgotten = hard.term === term && vote !== undefined && hard.vote !== vote;
    if (forgotten) this.#report(`${where} came back without its vote for ${vote} in term ${term}`);
  }

  /** A clean log holds everything that was ever answered for. */
  #checkClean(where: string, node: string, group: number, promised: Promised, log: OpenedLog): void {
    const certain = Math.min(promised.last, promised.doubtFrom - 1);
    for (let index = 1; index <= certain; index += 1) {
      const owed = promised.entries[index];
      if (log.tailIndex >= index && this.#readDisk(node, group, index)?.checksum === owed?.checksum) continue;
      this.#report(
        `${where} was opened as clean up to ${log.tailIndex}, but has lost entry ${index} of term ${owed?.term}`,
      );
      break;
    }
    this.#restore(node, group, promised, log.tailIndex);
  }

  /** Takes over from the disk what the replica holds from `from` on. What a fault has destroyed since is what it was before. */
  #restore(node: string, group: number, promised: Promised, tailIndex: number, from = 1): void {
    const before = promised.entries.splice(from);
    for (let index = from; index <= tailIndex; index += 1) {
      promised.entries[index] = this.#readDisk(node, group, index) ?? before[index - from];
    }
  }
}
