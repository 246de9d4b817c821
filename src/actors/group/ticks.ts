/**
 * Where a group's ticks come from: a timer of its own, or the node's Beats, which keeps them back while the group rests. To Beats this
 * is the group's replica as it is.
 */
import type { Ref } from '../../kernel/index.ts';
import type { Raft } from '../../raft/index.ts';
import type { GroupId, ReplicaId, Term } from '@callboard/client/protocol';
import type { Member } from '../beats/roster.ts';
import type { GroupDriverOptions } from './contract.ts';
import type { GroupMessage } from './messages.ts';
import { untilTick } from './until-tick.ts';

export class Ticks implements Member {
  readonly group: GroupId;
  readonly ref: Ref<GroupMessage>;
  readonly others: readonly string[];
  readonly #options: GroupDriverOptions;
  readonly #raft: Raft;
  readonly #campaigns: () => boolean;
  #resting = false;
  /** What it was when it came to rest: another leader has not vouched for it yet. */
  #restTerm: Term | undefined;
  #restLeader: ReplicaId | undefined;

  /** `campaigns`: the driver waits for the next tick to campaign once more. */
  constructor(options: GroupDriverOptions, raft: Raft, campaigns: () => boolean) {
    const { context, group, members, self, roster } = options;
    this.#options = options;
    this.#raft = raft;
    this.#campaigns = campaigns;
    this.group = group;
    this.ref = context.self;
    this.others = members.filter(({ replica }) => replica !== self).map(({ node }) => node);
    if (roster === undefined) this.#arm();
    else roster.enlist(this);
  }

  get leads(): Term | undefined {
    return this.#raft.role === 'leader' ? this.#raft.term : undefined;
  }

  get follows(): string | undefined {
    const { role, damaged, leader } = this.#raft;
    if (role !== 'follower' || damaged || leader === undefined) return undefined;
    return this.#options.members.find(({ replica }) => replica === leader)?.node;
  }

  get term(): Term {
    return this.#raft.term;
  }

  get restful(): boolean {
    return this.#raft.restful && !this.#campaigns() && this.#options.needsTicks?.() !== true;
  }

  /** A tick has come. */
  ticked(rested: number): void {
    const { context, group, roster } = this.#options;
    this.#resting = false;
    if (roster === undefined) this.#arm();
    // It may have come to rest while this tick was under way.
    else roster.wake(this);
    if (rested > 0) context.trace.note('debug', 'replica.woken', { group, silentTicks: rested });
  }

  /** Beats vouches for the group. False: it has something to do by now, and goes on. */
  rest(): boolean {
    if (!this.restful) return false;
    this.#resting = true;
    this.#restTerm = this.#raft.term;
    this.#restLeader = this.#raft.leader;
    const { context, group, roster } = this.#options;
    roster?.rest(this);
    context.trace.note('debug', 'replica.rests', { group, role: this.#raft.role });
    return true;
  }

  /** Something was done: a group that rests may have to go on. */
  stir(): void {
    if (!this.#resting) return;
    const sameLeader = this.#raft.term === this.#restTerm && this.#raft.leader === this.#restLeader;
    if (sameLeader && this.restful) return;
    this.#resting = false;
    this.#options.roster?.wake(this);
  }

  close(): void {
    this.#options.roster?.strike(this);
  }

  #arm(): void {
    const { context, limits } = this.#options;
    context.after(untilTick(context.now(), limits.tickMs), { kind: 'group-tick', rested: 0 });
  }
}
