/**
 * The fault atlas: which nodes' disks have been damaged and may not be whole again. It keeps the plan within the promises: in
 * no group may more than a minority of the copies be suspect at a time, so every violation is a bug and never a fault that
 * went too far. It also says which bad verdicts and failures are excused.
 */
import type { Promises } from '../checkers/promises.ts';
import { DiskReader } from '../disk-reader.ts';
import type { SimNode } from '../node.ts';
import type { RaftChecks } from '../observe/raft-checks.ts';
import type { Report } from '../observe/report.ts';
import type { Settings } from '../settings.ts';

/** A suspect that stays up for this long without being found out is restarted, so that its disk is looked at. */
const patienceMicros = 20_000_000;

interface Suspicion {
  readonly sinceMicros: number;
  /** It cannot be acquitted before this process of it, since its disk was damaged between two. */
  readonly untilLife: number;
}

/** What the atlas needs of the world. */
export interface ChartedWorld {
  readonly settings: Settings;
  readonly nowMicros: number;
  readonly report: Report;
  readonly checks: { readonly promises: Promises; readonly raft: RaftChecks };
  readonly nodes: readonly SimNode[];
  node(name: string): SimNode;
}

export class Atlas {
  readonly #world: ChartedWorld;
  readonly #suspects = new Map<string, Suspicion>();
  /**
   * Nodes whose index may be damaged, by the process in which it happened: only a start checks the whole of it, and one that finds
   * the log damaged looks no further than the damage.
   */
  readonly #scars = new Map<string, number>();
  readonly #damagedAt = new Map<string, number>();
  readonly #journals = new Map<string, number>();
  /** Nodes that lost their whole disk, which no replacement makes good yet. */
  readonly #wiped = new Set<string>();
  /** Of these, those whose next start finds an empty disk. */
  readonly #empty = new Set<string>();
  /** Nodes whose store was made to fail. */
  readonly #failing = new Set<string>();
  readonly #readers = new Map<string, DiskReader>();

  constructor(world: ChartedWorld) {
    this.#world = world;
  }

  get suspects(): readonly string[] {
    return [...this.#suspects.keys()];
  }

  /** Bad entries, bad verdicts and failed reads are to be expected here. */
  excuses(node: string): boolean {
    return this.#suspects.has(node);
  }

  /** The same for reads: what points to records may be damaged where all records are sound. */
  excusesReads(node: string): boolean {
    return this.#suspects.has(node) || this.#scars.get(node) === this.#world.node(node).life;
  }

  /** When this node's disk was last damaged; -1: never. */
  damagedAtMicros(node: string): number {
    return this.#damagedAt.get(node) ?? -1;
  }

  mayFail(node: string): boolean {
    return this.#failing.has(node);
  }

  expectFailure(node: string): void {
    this.#failing.add(node);
  }

  reader(node: string): DiskReader {
    const known = this.#readers.get(node);
    if (known !== undefined) return known;
    const fresh = new DiskReader(this.#world.node(node).storage);
    this.#readers.set(node, fresh);
    return fresh;
  }

  /** Whether the whole disk of this node could be lost now without breaking a promise. */
  mayDamage(node: string): boolean {
    const { promises } = this.#world.checks;
    return promises.onDiskOf(node).every((group) => {
      const members = promises.members(group);
      const unsound = (member: string): boolean =>
        this.#suspects.has(member) || promises.isOut(member, group);
      const others = members.filter((member) => member !== node && unsound(member));
      return (others.length + 1) * 2 < members.length;
    });
  }

  /** Whether this node may lose its disk for good. What was never founded has no members yet, so all wiped nodes are counted. */
  mayWipe(node: string): boolean {
    const others = [...this.#wiped].filter((other) => other !== node).length;
    const { promises } = this.#world.checks;
    // A partition in memory outlives the loss of any copies, but not of most of the disks that it was placed on.
    const runs = (group: number): boolean => {
      const members = promises.members(group);
      return (members.filter((member) => promises.isOut(member, group)).length + 1) * 2 < members.length;
    };
    const few = (others + 1) * 2 < this.#world.nodes.length;
    return few && promises.groupsOf(node).every(runs) && this.mayDamage(node);
  }

  /** Its disk is empty now; no process runs on it. */
  wiped(node: string): void {
    this.#wiped.add(node);
    this.#empty.add(node);
    this.#suspects.delete(node);
    this.#scars.delete(node);
    this.#journals.delete(node);
    this.#readers.delete(node);
    this.#damagedAt.set(node, this.#world.nowMicros);
    this.#world.checks.promises.journal(node, '');
  }

  isWiped(node: string): boolean {
    return this.#wiped.has(node);
  }

  /** True once after a disk was wiped: the node comes back under another journal. */
  losesJournal(node: string): boolean {
    return this.#empty.delete(node);
  }

  /** `down`: the damage is done while no process runs, and shows at the next start at the earliest. */
  suspect(node: string, down: boolean): void {
    const { life } = this.#world.node(node);
    const before = this.#suspects.get(node)?.untilLife ?? 0;
    this.#damagedAt.set(node, this.#world.nowMicros);
    this.#scars.set(node, down ? life + 1 : life);
    const untilLife = Math.max(before, down ? life + 1 : life);
    this.#suspects.set(node, { sinceMicros: this.#world.nowMicros, untilLife });
    if (this.#suspects.size > 1) this.#world.report.sometimes('two nodes were damaged at once');
  }

  /** A log was opened damaged: what its index says of the entries above the damage was not checked. */
  openedDamaged(node: string): void {
    this.#scars.set(node, this.#world.node(node).life);
  }

  /** One of the two journal files, 0 or 1, may be damaged if the other has not been since the last start. */
  mayDamageJournal(node: string, file: number): boolean {
    const damaged = this.#journals.get(node);
    return damaged === undefined || damaged === file;
  }

  damagedJournal(node: string, file: number): void {
    this.#journals.set(node, file);
  }

  /** The store was opened: both files were written anew. */
  opened(node: string): void {
    this.#journals.delete(node);
    this.#failing.delete(node);
  }

  /** Acquits the suspects whose disks are whole again; restarts those on which damage lies that nobody has met. */
  sweep(restart: (node: string) => void): void {
    for (const [node, suspicion] of this.#suspects) {
      const { life } = this.#world.node(node);
      if (life >= suspicion.untilLife && this.isWhole(node)) {
        this.#suspects.delete(node);
        this.#world.report.event(node, 'acquitted');
      } else if (this.#world.nowMicros - suspicion.sinceMicros > patienceMicros && this.#isUnnoticed(node)) {
        this.suspect(node, true);
        restart(node);
      }
    }
  }

  /** Every replica of this node runs undamaged, and everything it has promised is sound on its disk. */
  isWhole(node: string): boolean {
    const { checks } = this.#world;
    const { running, storage } = this.#world.node(node);
    if (!running || storage.engine.readsToFail > 0) return false;
    const groups = checks.promises.onDiskOf(node);
    const well = groups.every((group) => !checks.promises.of(node, group).damaged && this.#runs(node, group));
    // Reading the whole disk is dear, so it comes last.
    return (
      well &&
      groups.every((group) => this.reader(node).soundUpTo(group) >= checks.promises.of(node, group).last)
    );
  }

  #runs(node: string, group: number): boolean {
    const view = this.#world.checks.raft.view(node, group);
    return view !== undefined && view.life === this.#world.node(node).life && !view.raft.status().damaged;
  }

  /** The node runs, and none of its replicas knows of any damage. */
  #isUnnoticed(node: string): boolean {
    const { checks } = this.#world;
    if (!this.#world.node(node).running) return false;
    return checks.promises.onDiskOf(node).every((group) => !checks.promises.of(node, group).damaged);
  }
}
