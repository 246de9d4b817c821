/**
 * Whether the gateways that took records over HTTP still have them (SEMANTICS S11). The leader asks; it never concludes from silence.
 *
 * - A gateway says of each take that it is still being answered, that it was handed over, or neither. The last is also what a later run
 *   says of the takes of an earlier one, so a run that is over is known by its successor's answer. The question names the call, and only
 *   that call's answer could hand the record over: an answer that is still on its way when the gateway says "neither" is thrown away there.
 * - A node that cannot be reached may yet hand its answers over. Its takes stay open until it is back, or until its broker was removed:
 *   the local gateway knows that. For a short while they hold back newer records of their consumers, then those go on.
 *
 * It asks when a leadership begins, when a link comes up, before a consumer is told that there is nothing, and once in a while for
 * takes that are open for longer than the note of their hand-over takes.
 */
import type { SendResult } from '../../kernel/index.ts';
import { isSameTake, type OpenTake, type Settlement, type TakeId } from '../../partition/index.ts';
import type { CheckTakes } from '../gateway/messages.ts';
import type { TakesChecked } from './messages.ts';
import type { TakeSettles } from './take-settles.ts';

export interface WatchHost {
  readonly node: string;
  readonly limits: {
    readonly settledTakes: number;
    readonly takeCheckMs: number;
    readonly takeDoubtMs: number;
  };
  open(): Iterable<readonly [consumer: string, takes: readonly OpenTake[]]>;
  /** Index of the last applied entry. */
  applied(): number;
  now(): number;
  random(): number;
  /** Calls `ticked` after so many milliseconds. */
  tickAfter(ms: number): void;
  send(gateway: string, question: Omit<CheckTakes, 'kind' | 'replyTo'>): SendResult;
  /** Newer records may be given by now that were held back. */
  undoubted(): void;
}

interface Held {
  readonly consumer: string;
  readonly take: OpenTake;
}

/** `known`: of each take, and what was to be settled is applied. */
type Found = (what: 'known' | 'unreachable') => void;

interface Question {
  readonly node: string;
  readonly takes: readonly Held[];
  /** It went to the local gateway, which knows only whether the other one's broker was removed. */
  readonly ofRemoval: boolean;
  readonly dueMs: number;
  readonly found: Found;
}

/** Ticks between two looks for takes that are open for long. */
const ticksPerCheck = 4;

export class TakeWatch {
  readonly #host: WatchHost;
  readonly #settles: TakeSettles;
  readonly #questions = new Map<number, Question>();
  /** Nodes whose takes hold back newer records, and until when. */
  readonly #doubts = new Map<string, number>();
  /** Drawn, so that an answer to a question of an earlier incarnation is not taken for one of now. */
  #lastId: number;
  #leads = false;
  #ticking = false;
  #ticks = 0;
  /** What is open since this log index is asked for at the next look. */
  #seen = 0;

  constructor(host: WatchHost, settles: TakeSettles) {
    this.#host = host;
    this.#settles = settles;
    this.#lastId = Math.floor(host.random() * 2 ** 44);
  }

  /** This replica leads, and knows nothing of who has what. */
  began(): void {
    this.#leads = true;
    this.#seen = this.#host.applied();
    for (const node of this.#nodes()) this.#doubt(node);
    for (const node of this.#nodes()) this.#ask(node);
    this.stir();
  }

  /** The leadership ended. Whoever waits for an answer here is told by whom it asked. */
  abandon(): void {
    this.#leads = false;
    this.#questions.clear();
    this.#doubts.clear();
  }

  link(node: string, up: boolean): void {
    if (!this.#leads) return;
    if (up) this.#ask(node);
    else {
      this.#doubt(node);
      this.#giveUp(({ node: asked, ofRemoval }) => asked === node && !ofRemoval);
    }
    this.stir();
  }

  /** Takes were opened. */
  stir(): void {
    if (this.#ticking || !this.#leads) return;
    const idle = this.#questions.size === 0 && this.#doubts.size === 0;
    if (idle && this.#nodes().size === 0) return;
    this.#ticking = true;
    this.#host.tickAfter(this.#host.limits.takeCheckMs / ticksPerCheck);
  }

  ticked(): void {
    this.#ticking = false;
    if (!this.#leads) return;
    const nowMs = this.#host.now();
    this.#giveUp(({ dueMs }) => dueMs <= nowMs);
    const held = this.#doubts.size;
    for (const [node, untilMs] of this.#doubts) if (untilMs <= nowMs) this.#doubts.delete(node);
    if (this.#doubts.size < held) this.#host.undoubted();
    this.#ticks += 1;
    if (this.#ticks % ticksPerCheck === 0) this.#look();
    this.stir();
  }

  /** Whether one of these takes may be given back at any moment, so that newer records wait. */
  doubts(takes: readonly OpenTake[]): boolean {
    return takes.some(({ node, returned }) => !returned && this.#doubts.has(node));
  }

  /** Asks for these takes of one consumer; `then` is told a node that could not be asked, if there is one. */
  check(consumer: string, takes: readonly OpenTake[], then: (unreachable: string | undefined) => void): void {
    const byNode = new Map<string, OpenTake[]>();
    for (const take of takes) {
      if (!take.returned) byNode.set(take.node, [...(byNode.get(take.node) ?? []), take]);
    }
    let left = byNode.size;
    let unreachable: string | undefined;
    if (left === 0) then(undefined);
    for (const [node, own] of byNode) {
      const found = (what: 'known' | 'unreachable'): void => {
        left -= 1;
        if (what === 'unreachable') unreachable ??= node;
        if (left === 0) then(unreachable);
      };
      const held = own.map((take) => ({ consumer, take }));
      this.#question(node, held, found);
    }
    this.stir();
  }

  answered({ id, handed, returned }: TakesChecked): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#questions.delete(id);
    const { takes, ofRemoval, found } = question;
    const settlements = settlementsOf(pick(takes, handed), pick(takes, returned));
    if (settlements.length === 0) {
      found(ofRemoval ? 'unreachable' : 'known');
      return;
    }
    this.#settles.add(settlements, (error) => found(error === undefined ? 'known' : 'unreachable'));
  }

  #nodes(): ReadonlySet<string> {
    const nodes = new Set<string>();
    for (const [, takes] of this.#host.open()) {
      for (const { node, returned } of takes) if (!returned) nodes.add(node);
    }
    return nodes;
  }

  #doubt(node: string): void {
    this.#doubts.set(node, this.#host.now() + this.#host.limits.takeDoubtMs);
  }

  /** Asks a node for all that is open with it; the answers end the doubt about it. */
  #ask(node: string): void {
    const doubt = this.#doubts.get(node);
    this.#askFor(
      node,
      () => true,
      (what) => {
        // The link may have broken once more since.
        if (what === 'known' && this.#doubts.get(node) === doubt && this.#doubts.delete(node)) {
          this.#host.undoubted();
        }
      },
    );
  }

  #askFor(node: string, which: (take: OpenTake) => boolean, found: Found): void {
    const held: Held[] = [];
    for (const [consumer, takes] of this.#host.open()) {
      for (const take of takes) {
        if (take.node === node && !take.returned && which(take)) held.push({ consumer, take });
      }
    }
    const { settledTakes } = this.#host.limits;
    let left = Math.max(1, Math.ceil(held.length / settledTakes));
    let all: 'known' | 'unreachable' = 'known';
    const part: Found = (what) => {
      left -= 1;
      if (what === 'unreachable') all = what;
      if (left === 0) found(all);
    };
    if (held.length === 0) part('known');
    for (let at = 0; at < held.length; at += settledTakes) {
      this.#question(node, held.slice(at, at + settledTakes), part);
    }
  }

  #question(node: string, takes: readonly Held[], found: Found): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const ids = takes.map(({ take: { start, call } }) => ({ start, call }));
    const own = this.#host.node;
    const sent = this.#host.send(node, { id, node, takes: ids }) === 'accepted';
    if (!sent && (node === own || this.#host.send(own, { id, node, takes: ids }) !== 'accepted')) {
      found('unreachable');
      return;
    }
    const dueMs = this.#host.now() + this.#host.limits.takeCheckMs;
    this.#questions.set(id, { node, takes, ofRemoval: !sent, dueMs, found });
  }

  #giveUp(which: (question: Question) => boolean): void {
    for (const [id, question] of this.#questions) {
      if (!which(question)) continue;
      this.#questions.delete(id);
      question.found('unreachable');
    }
  }

  /** What was open at the last look and still is: its note is overdue. */
  #look(): void {
    const seen = this.#seen;
    this.#seen = this.#host.applied();
    for (const node of this.#nodes()) {
      const overdue = (take: OpenTake): boolean => take.index <= seen;
      this.#askFor(node, overdue, () => undefined);
    }
  }
}

function pick(takes: readonly Held[], at: readonly number[]): readonly Held[] {
  return at.flatMap((index) => takes[index] ?? []);
}

function settlementsOf(noted: readonly Held[], returned: readonly Held[]): readonly Settlement[] {
  const byConsumer = new Map<string, { noted: TakeId[]; returned: TakeId[] }>();
  const of = (consumer: string): { noted: TakeId[]; returned: TakeId[] } => {
    const known = byConsumer.get(consumer) ?? { noted: [], returned: [] };
    byConsumer.set(consumer, known);
    return known;
  };
  for (const { consumer, take } of noted) of(consumer).noted.push(take);
  for (const { consumer, take } of returned) of(consumer).returned.push(take);
  return [...byConsumer].map(([consumer, words]) => ({ consumer, ...words }));
}

/** Those that `noted` does not name. */
export function unnoted(takes: readonly OpenTake[], noted: readonly TakeId[]): readonly OpenTake[] {
  return takes.filter((take) => !noted.some((id) => isSameTake(id, take)));
}
