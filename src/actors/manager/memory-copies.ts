/**
 * This node's copies in memory: when they may run, and what this node says of them to the directory (`CopiesLost`).
 *
 * After a restart a word that an earlier incarnation said may still be on its way into the log. So before any copy runs, this
 * incarnation says that none is lost; once that is applied, earlier words change nothing any more, and what they had already
 * changed is known here. A copy that gave itself up is named in the next word, for long enough that others in the same
 * state are named at the same time; then it is left out again, and once that is applied it is started anew and looks for a leader.
 */
import type { GroupId, Limits } from '@callboard/client/protocol';
import type { CopiesLost, CopiesWord } from '../../directory/index.ts';

export interface MemoryCopiesOptions {
  readonly replica: string;
  /** Rises with each incarnation of the manager, over restarts of the node too. */
  readonly start: number;
  /** Nothing was ever said under this replica id before. */
  readonly first: boolean;
  readonly limits: Pick<Limits, 'memoryLossMs'>;
  run(group: GroupId): void;
  /** Ends a copy that has given itself up, and runs it anew. */
  rerun(group: GroupId): void;
}

interface GivenUp {
  readonly sinceMs: number;
  /** Left out of the next word, after which it runs again. */
  returning: boolean;
}

/** Copies are tried for one part of the time and given up for three, so those of a lost group meet. */
const holdFactor = 3;

export class MemoryCopies {
  readonly #options: MemoryCopiesOptions;
  /** Born here, and placed here by the directory as it is known now. */
  readonly #born = new Set<GroupId>();
  readonly #placed = new Set<GroupId>();
  readonly #running = new Set<GroupId>();
  /** Born and placed, and waiting for leave to run. */
  readonly #waiting = new Set<GroupId>();
  readonly #givenUp = new Map<GroupId, GivenUp>();
  /** The groups of this incarnation's newest word that is applied; undefined before the first. */
  #said: ReadonlySet<GroupId> | undefined;
  #word: CopiesWord | undefined;
  #turn = 0;
  #saying: () => boolean = () => false;

  constructor(options: MemoryCopiesOptions) {
    this.#options = options;
    if (options.first) this.#said = new Set();
  }

  /** What is said of copies is in force here, so that news of losses are news. */
  get open(): boolean {
    return this.#said !== undefined;
  }

  /** Groups whose copy here has given itself up. */
  get lost(): readonly GroupId[] {
    return [...this.#givenUp.keys()];
  }

  /** Groups whose copy here does not run yet. */
  get waiting(): readonly GroupId[] {
    return [...this.#born].filter((group) => !this.#running.has(group));
  }

  born(group: GroupId): void {
    this.#born.add(group);
    this.#mayWait(group);
  }

  placed(group: GroupId): void {
    this.#placed.add(group);
    this.#mayWait(group);
  }

  #mayWait(group: GroupId): void {
    const here = this.#born.has(group) && this.#placed.has(group);
    if (here && !this.#running.has(group)) this.#waiting.add(group);
  }

  /** The group's topic was removed, or its partition begun anew under another group. */
  gone(group: GroupId): void {
    for (const set of [this.#born, this.#placed, this.#running, this.#waiting, this.#givenUp]) {
      set.delete(group);
    }
  }

  givenUp(group: GroupId, nowMs: number): void {
    if (!this.#placed.has(group) || this.#givenUp.has(group)) return;
    this.#givenUp.set(group, { sinceMs: nowMs, returning: false });
  }

  /** After each turn. `word`: this node's newest in the directory. */
  settle(word: CopiesWord | undefined): void {
    if (word !== this.#word) {
      this.#word = word;
      if (word?.start === this.#options.start) this.#heard(word);
    }
    if (this.#said === undefined || this.#waiting.size === 0) return;
    for (const group of this.#waiting) {
      this.#running.add(group);
      this.#options.run(group);
    }
    this.#waiting.clear();
  }

  #heard({ turn, groups }: CopiesWord): void {
    this.#said = groups;
    if (turn !== this.#turn) return;
    for (const [group, { returning }] of this.#givenUp) {
      if (!returning || groups.has(group)) continue;
      this.#givenUp.delete(group);
      this.#options.rerun(group);
    }
  }

  tick(nowMs: number, say: (command: CopiesLost) => () => boolean): void {
    const holdMs = holdFactor * this.#options.limits.memoryLossMs;
    for (const [group, one] of this.#givenUp) {
      if (this.#said?.has(group) === true && nowMs - one.sinceMs >= holdMs) one.returning = true;
    }
    if (this.#saying() || !this.#hasNews()) return;
    this.#turn += 1;
    const { replica, start } = this.#options;
    const groups = this.#toSay();
    this.#saying = say({ kind: 'copies-lost', replica, start, turn: this.#turn, groups });
  }

  #toSay(): readonly GroupId[] {
    return [...this.#givenUp].filter(([, { returning }]) => !returning).map(([group]) => group);
  }

  #hasNews(): boolean {
    if (this.#said === undefined) return this.#born.size > 0;
    const wanted = this.#toSay();
    return wanted.length !== this.#said.size || wanted.some((group) => this.#said?.has(group) !== true);
  }
}
