/**
 * Beats: ticks the groups of this node that have something to do, and keeps the others alive in common.
 *
 * A leader with nothing left to do and its followers say nothing to each other but that they are there. So the nodes say it for
 * all of their groups in one message: each lists what it leads, and the other answers for which of these its replica does not
 * follow. Both are read from the replicas as they are, each time anew. Whoever is vouched for in this way rests: it has no ticks
 * and sends no heartbeats, until its own state or the next look at the beats says otherwise.
 *
 * A beat promises nothing and confirms nothing. It takes the place of ticks and of heartbeats that would change nothing, so what
 * goes wrong with it can cost time, but neither a record nor the truth of a read.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import type { GroupId, Limits } from '@callboard/client/protocol';
import type { GroupRest, GroupTick } from '../group/messages.ts';
import { untilTick } from '../group/until-tick.ts';
import { Heard } from './heard.ts';
import { Listing } from './listing.ts';
import { beatsActorId, type Beat, type BeatsMessage } from './messages.ts';
import type { Member, Roster } from './roster.ts';

export interface BeatsOptions {
  readonly roster: Roster;
  readonly limits: Pick<
    Limits,
    'tickMs' | 'heartbeatTicks' | 'beatSilenceTicks' | 'beatRows' | 'beatExceptions'
  >;
}

const tick: GroupTick = { kind: 'group-tick', rested: 0 };
const rest: GroupRest = { kind: 'group-rest' };

export class Beats implements Actor<BeatsMessage> {
  readonly #roster: Roster;
  readonly #limits: BeatsOptions['limits'];
  readonly #listings = new Map<string, Listing>();
  readonly #heard = new Map<string, Heard>();
  #session = 0;
  #elapsed = 0;

  constructor({ roster, limits }: BeatsOptions) {
    this.#roster = roster;
    this.#limits = limits;
  }

  start(context: Context<BeatsMessage>): void {
    this.#session = Math.floor(context.random() * 2 ** 48);
    this.#arm(context);
  }

  receive(message: BeatsMessage, context: Context<BeatsMessage>): void {
    switch (message.kind) {
      case 'beat-tick':
        return this.#tick(context);
      case 'beat':
        return this.#answer(message, context);
      case 'beat-ack':
        this.#listings.get(message.fromNode)?.ack(message);
        return;
    }
  }

  inspect(): Record<string, unknown> {
    const { size, awake } = this.#roster;
    const led = [...this.#listings].map(([node, { rows, silentTicks }]) => ({ node, rows, silentTicks }));
    const heard = [...this.#heard].map(([node, { size: rows, silentTicks }]) => ({
      node,
      rows,
      silentTicks,
    }));
    return { groups: size, resting: size - awake.size, led, heard };
  }

  /** However late it comes, it is one tick. */
  #tick(context: Context<BeatsMessage>): void {
    this.#arm(context);
    for (const listing of this.#listings.values()) listing.tick();
    for (const heard of this.#heard.values()) heard.tick();
    for (const member of this.#roster.awake) this.#send(member, tick, context);
    this.#elapsed += 1;
    if (this.#elapsed >= this.#limits.heartbeatTicks) {
      this.#elapsed = 0;
      this.#judge(context);
      this.#beat(context);
    }
  }

  /** Who is vouched for may rest; who is so no more goes on, and learns for how long it has rested on an old word. */
  #judge(context: Context<BeatsMessage>): void {
    for (const member of this.#roster.members) {
      const resting = !this.#roster.awake.has(member);
      // One that rests looks after its own part: it wakes by itself as soon as it has something to do.
      const vouched = (resting || member.restful) && this.#isVouched(member);
      if (vouched && !resting) this.#send(member, rest, context);
      if (vouched || !resting) continue;
      this.#roster.wake(member);
      this.#send(member, { kind: 'group-tick', rested: this.#silence(member) }, context);
    }
  }

  #isVouched({ group, leads, follows, term, others }: Member): boolean {
    const { beatSilenceTicks } = this.#limits;
    if (leads !== undefined) {
      return others.every(
        (node) => this.#listings.get(node)?.isFollowed(group, leads, beatSilenceTicks) ?? false,
      );
    }
    if (follows === undefined) return false;
    return this.#heard.get(follows)?.isLeading(group, term, beatSilenceTicks) ?? false;
  }

  /** It looked once in a heartbeat period: what is silent for longer was so before, of a node that nothing rested on. */
  #silence({ leads, follows, others }: Member): number {
    const { beatSilenceTicks, heartbeatTicks } = this.#limits;
    const silent =
      leads === undefined
        ? [this.#heard.get(follows ?? '')?.silentTicks ?? 0]
        : others.map((node) => this.#listings.get(node)?.silentTicks ?? 0);
    return Math.min(Math.max(0, ...silent), beatSilenceTicks + heartbeatTicks);
  }

  #beat(context: Context<BeatsMessage>): void {
    for (const { group, leads, others } of this.#roster.members) {
      if (leads === undefined) continue;
      for (const node of others) this.#listingFor(node).set(group, leads);
    }
    for (const [node, listing] of this.#listings) {
      listing.prune((group) => this.#leads(group, node));
      const beat = listing.next(context.self.node);
      if (beat !== undefined) context.send(refTo<BeatsMessage>(node, beatsActorId), beat, 'control');
    }
  }

  #leads(group: GroupId, node: string): Member['leads'] {
    const member = this.#roster.of(group);
    return member?.others.includes(node) === true ? member.leads : undefined;
  }

  #listingFor(node: string): Listing {
    let listing = this.#listings.get(node);
    if (listing === undefined) {
      listing = new Listing(this.#session, this.#limits.beatRows);
      this.#listings.set(node, listing);
    }
    return listing;
  }

  #answer(beat: Beat, context: Context<BeatsMessage>): void {
    const { fromNode, session, number } = beat;
    let heard = this.#heard.get(fromNode);
    if (heard === undefined) {
      heard = new Heard();
      this.#heard.set(fromNode, heard);
    }
    if (!heard.beat(beat)) return;
    const except: GroupId[] = [];
    const { beatExceptions } = this.#limits;
    for (const [group, term] of heard.leads) {
      const member = this.#roster.of(group);
      if (member === undefined || member.follows !== fromNode || member.term !== term) except.push(group);
    }
    const complete = except.length <= beatExceptions;
    except.length = Math.min(except.length, beatExceptions);
    const { version } = heard;
    context.send(
      refTo<BeatsMessage>(fromNode, beatsActorId),
      { kind: 'beat-ack', fromNode: context.self.node, session, number, version, except, complete },
      'control',
    );
  }

  #send(member: Member, message: GroupTick | GroupRest, context: Context<BeatsMessage>): void {
    if (context.send(member.ref, message, 'control') === 'gone') this.#roster.strike(member);
  }

  #arm(context: Context<BeatsMessage>): void {
    context.after(untilTick(context.now(), this.#limits.tickMs), { kind: 'beat-tick' });
  }
}
