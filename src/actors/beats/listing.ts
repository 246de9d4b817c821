/**
 * What this node tells one other node: which groups it leads that have a replica there. The beats name the changes since the version
 * that the other side has acknowledged, so a lost one is made good by the next.
 */
import { term, type GroupId, type Term } from '@callboard/client/protocol';
import type { Beat, BeatAck } from './messages.ts';

interface Row {
  /** 0: led here no more. Kept until the other side knows. */
  term: Term;
  version: number;
}

const ended = term(0);

export class Listing {
  #session: number;
  readonly #mostRows: number;
  readonly #rows = new Map<GroupId, Row>();
  #version = 0;
  #acked = 0;
  /** The newest version of a row that was dropped because the other side knew that it had ended. */
  #dropped = 0;
  /** What the other side was told in an earlier session is to be void, and it has not answered in this one. */
  #voids = false;
  #number = 0;
  #ackedNumber = 0;
  #silentTicks = 0;
  #except: ReadonlySet<GroupId> = new Set();
  #complete = false;

  constructor(session: number, mostRows: number) {
    this.#session = session;
    this.#mostRows = mostRows;
  }

  get rows(): number {
    return this.#rows.size;
  }

  /** Ticks since the last answer. */
  get silentTicks(): number {
    return this.#silentTicks;
  }

  tick(): void {
    this.#silentTicks += 1;
  }

  /** The group is led here in `term`. */
  set(group: GroupId, inTerm: Term): void {
    const row = this.#rows.get(group);
    if (row?.term === inTerm) return;
    this.#version += 1;
    if (row === undefined) this.#rows.set(group, { term: inTerm, version: this.#version });
    else {
      row.term = inTerm;
      row.version = this.#version;
    }
  }

  /** Takes off every group of which `leads` knows another term, or none. */
  prune(leads: (group: GroupId) => Term | undefined): void {
    let untold = 0;
    for (const [group, row] of this.#rows) {
      if (row.term === ended) {
        if (row.version <= this.#acked) {
          this.#rows.delete(group);
          this.#dropped = Math.max(this.#dropped, row.version);
        } else untold += 1;
      } else if (leads(group) !== row.term) {
        this.#version += 1;
        row.term = ended;
        row.version = this.#version;
        untold += 1;
      }
    }
    // The other side is away, and what ended meanwhile would pile up.
    if (untold > this.#mostRows) this.#beginAnew();
  }

  /** A new session makes void all that the other side was told before, what is listed here no more included. */
  #beginAnew(): void {
    this.#session += 1;
    this.#version = 0;
    this.#acked = 0;
    this.#dropped = 0;
    this.#voids = true;
    this.#number = 0;
    this.#ackedNumber = 0;
    this.#except = new Set();
    this.#complete = false;
    for (const [group, row] of this.#rows) {
      if (row.term === ended) this.#rows.delete(group);
      else {
        this.#version += 1;
        row.version = this.#version;
      }
    }
  }

  /** The next beat; undefined: there is nothing to say. */
  next(fromNode: string): Beat | undefined {
    if (this.#rows.size === 0 && !this.#voids) return undefined;
    this.#number += 1;
    const changes = this.#changes();
    const version = changes.length < this.#mostRows ? this.#version : (changes.at(-1)?.[1].version ?? 0);
    return {
      kind: 'beat',
      fromNode,
      session: this.#session,
      number: this.#number,
      base: this.#acked,
      version,
      groups: changes.map(([group]) => group),
      terms: changes.map(([, row]) => row.term),
    };
  }

  ack({ session, number, version, except, complete }: BeatAck): void {
    if (session !== this.#session || number <= this.#ackedNumber || number > this.#number) return;
    this.#voids = false;
    this.#silentTicks = 0;
    // It has forgotten, and then taken a beat from the past: nothing that is listed would ever tell it of the end of what was dropped.
    if (version > 0 && version < this.#dropped) {
      this.#beginAnew();
      return;
    }
    // Less than before: the other side has begun anew, and is told everything once more.
    this.#acked = Math.min(version, this.#version);
    this.#ackedNumber = number;
    this.#except = new Set(except);
    this.#complete = complete;
  }

  /** The other side has said, not more than `withinTicks` ago, that its replica of `group` follows this node in `inTerm`. */
  isFollowed(group: GroupId, inTerm: Term, withinTicks: number): boolean {
    if (this.#silentTicks > withinTicks || !this.#complete || this.#except.has(group)) return false;
    const row = this.#rows.get(group);
    return row !== undefined && row.term === inTerm && row.version <= this.#acked;
  }

  /** In the order of their versions: whoever has all up to one of them is at that version. */
  #changes(): readonly (readonly [GroupId, Row])[] {
    if (this.#acked === this.#version) return [];
    const changes = [...this.#rows].filter(([, row]) => row.version > this.#acked);
    return changes.toSorted(([, a], [, b]) => a.version - b.version).slice(0, this.#mostRows);
  }
}
