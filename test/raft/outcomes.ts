/**
 * What the shell tells those who propose, and the rule that holds for it: what was reported `not_applied` is never committed, under
 * whatever leader, and what was reported stored is. The desk is the one of a partition's replica, driven in the order in which the
 * shell acts on the effects of a step.
 */
import { logIndex, offset, term, type LogIndex } from '@callboard/client/protocol';
import type { PartitionAnswer } from '../../src/actors/partition-replica/messages.ts';
import { OpenProduces } from '../../src/actors/partition-replica/produces.ts';
import { refTo } from '../../src/kernel/index.ts';
import type { Effects, Entry, Input } from '../../src/raft/index.ts';
import type { Member, Observer } from './harness.ts';

const asker = refTo<PartitionAnswer>('n', 'asker');

export interface OutcomeOptions {
  /** The mistake that the rule is there for: an own entry that was cut off here is reported `not_applied` at once. */
  readonly trustsTruncation?: boolean;
}

interface Proposed {
  readonly node: number;
  readonly entry: Entry;
  outcome: 'open' | 'stored' | 'not_applied' | 'unknown';
}

export class Outcomes implements Observer {
  readonly #trustsTruncation: boolean;
  readonly #desks = new Map<number, OpenProduces>();
  /** By the number that the desk knows it by. */
  readonly #proposed: Proposed[] = [];
  readonly #byChecksum = new Map<number, Proposed>();
  /** Checksums by index. */
  readonly #committed = new Map<LogIndex, number>();
  readonly counts: { stored: number; not_applied: number; unknown: number } = {
    stored: 0,
    not_applied: 0,
    unknown: 0,
  };

  constructor({ trustsTruncation = false }: OutcomeOptions = {}) {
    this.#trustsTruncation = trustsTruncation;
  }

  /** As the shell acts: truncations first, then the role, then what is committed. */
  step(member: Member, input: Input, effects: Effects): void {
    const desk = this.#desk(member.node);
    if (input.kind === 'propose') for (const entry of input.entries) this.#open(member.node, desk, entry);
    if (this.#trustsTruncation) {
      for (const { truncateFrom } of effects.persist) {
        if (truncateFrom !== undefined) this.#cutOff(member.node, truncateFrom);
      }
    }
    if (effects.role !== undefined && effects.role.role !== 'leader') desk.abandon(undefined);
    if (effects.commit !== undefined) this.#commit(member, desk, effects.commit);
  }

  /** The incarnation before ended, and told everybody so. */
  restart({ node }: Member): void {
    this.#desks.get(node)?.abandon(undefined);
    this.#desks.delete(node);
  }

  #desk(node: number): OpenProduces {
    const known = this.#desks.get(node);
    if (known !== undefined) return known;
    const desk = new OpenProduces({
      send: (_to, message) => {
        this.#told(message as unknown as PartitionAnswer);
        return 'accepted';
      },
    });
    this.#desks.set(node, desk);
    return desk;
  }

  #open(node: number, desk: OpenProduces, entry: Entry): void {
    const id = this.#proposed.length;
    const proposed: Proposed = { node, entry, outcome: 'open' };
    this.#proposed.push(proposed);
    this.#byChecksum.set(entry.checksum, proposed);
    desk.add(entry.index, entry.term, { id, replyTo: asker, acks: 'quorum', baseOffset: offset(0) });
  }

  /** All that is open at this node from `from` on: the desk itself has no such move. */
  #cutOff(node: number, from: LogIndex): void {
    if (this.#desk(node).size === 0) return;
    for (const one of this.#proposed) {
      const isCut = one.node === node && one.outcome === 'open' && one.entry.index >= from;
      if (isCut) this.#settle(one, 'not_applied');
    }
  }

  #commit(member: Member, desk: OpenProduces, commit: LogIndex): void {
    for (let index = member.applied + 1; index <= commit; index += 1) {
      const at = logIndex(index);
      const entry = member.raft?.committedAfter(logIndex(index - 1), 1)[0] ?? member.disk.view(index);
      if (entry?.index !== at) throw new Error(`node ${member.node}: entry ${index} is nowhere`);
      if (!this.#committed.has(at)) this.#decided(entry);
      desk.applied(at, term(entry.term));
    }
  }

  #decided({ index, checksum }: Entry): void {
    this.#committed.set(index, checksum);
    if (this.#byChecksum.get(checksum)?.outcome === 'not_applied') {
      throw new Error(`outcomes: the proposal at ${index} was reported not_applied, and is committed now`);
    }
  }

  #told(answer: PartitionAnswer): void {
    const proposed = this.#proposed[answer.id];
    if (proposed === undefined) throw new Error(`outcomes: nobody proposed ${answer.id}`);
    if (answer.kind === 'produced') this.#settle(proposed, 'stored');
    else if (answer.kind === 'partition-failed') {
      if (answer.error.outcome === 'applied') throw new Error('outcomes: a failed proposal is not stored');
      this.#settle(proposed, answer.error.outcome);
    }
  }

  #settle(proposed: Proposed, outcome: 'stored' | 'not_applied' | 'unknown'): void {
    // In the mistaken order the end of the leadership comes after, and tells the same askers once more.
    if (proposed.outcome !== 'open') return;
    const { index, checksum } = proposed.entry;
    const committed = this.#committed.get(index) === checksum;
    if (outcome === 'stored' && !committed) {
      throw new Error(`outcomes: the proposal at ${index} was reported stored, and is not committed`);
    }
    if (outcome === 'not_applied' && committed) {
      throw new Error(`outcomes: the proposal at ${index} is committed, and is reported not_applied now`);
    }
    proposed.outcome = outcome;
    this.counts[outcome] += 1;
  }
}
