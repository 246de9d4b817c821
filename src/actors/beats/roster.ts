/**
 * The groups of this node that take their ticks from Beats. One table for the node, shared by Beats and the drivers of the groups, so
 * that what a beat or its ack says of a group is read from the group as it is, and no news can be late or lost.
 */
import type { Ref } from '../../kernel/index.ts';
import type { GroupId, Term } from '@callboard/client/protocol';
import type { GroupMessage } from '../group/messages.ts';

/** A replica that runs. All of it is read at the moment of the question. */
export interface Member {
  readonly group: GroupId;
  readonly ref: Ref<GroupMessage>;
  /** The nodes of the other members. */
  readonly others: readonly string[];
  /** The term in which this replica leads; undefined: it does not. */
  readonly leads: Term | undefined;
  /** The node that it follows, in `term`, as a sound replica. */
  readonly follows: string | undefined;
  readonly term: Term;
  readonly restful: boolean;
}

export class Roster {
  readonly #members = new Map<GroupId, Member>();
  readonly #awake = new Set<Member>();

  /** Takes the place of an earlier incarnation. */
  enlist(member: Member): void {
    this.strike(this.#members.get(member.group));
    this.#members.set(member.group, member);
    this.#awake.add(member);
  }

  strike(member: Member | undefined): void {
    if (member === undefined) return;
    this.#awake.delete(member);
    if (this.#members.get(member.group) === member) this.#members.delete(member.group);
  }

  of(group: GroupId): Member | undefined {
    return this.#members.get(group);
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  /** Those that want every tick. */
  get awake(): ReadonlySet<Member> {
    return this.#awake;
  }

  get size(): number {
    return this.#members.size;
  }

  rest(member: Member): void {
    this.#awake.delete(member);
  }

  /** Nothing happens to one that is struck off. */
  wake(member: Member): void {
    if (this.#members.get(member.group) === member) this.#awake.add(member);
  }
}
