/**
 * The rules of the Raft paper, figure 3, checked from outside after each step of each replica. They look at messages,
 * disks and effects only, never into the core.
 */
import type { Effects, Entry, Input, RaftMessage } from '../../src/raft/index.ts';
import { nodeOf, type Cluster, type Member, type Observer } from './harness.ts';

interface Committed {
  readonly checksum: number;
  /** Term of the replica that first reported it. */
  readonly inTerm: number;
}

function fail(rule: string, detail: string): never {
  throw new Error(`${rule}: ${detail}`);
}

export interface CheckerOptions {
  /** Disks lose what was written: an ack then is a promise that was once true, not a fact. */
  readonly damage: boolean;
}

export class Checkers implements Observer {
  cluster: Cluster | undefined;
  readonly #damage: boolean;
  readonly #leaders: Map<number, number> = new Map();
  /** By index and term. */
  readonly #entries: Map<string, number> = new Map();
  readonly #committed: Map<number, Committed> = new Map();
  /** By index and checksum: the nodes that ever had the entry on disk. */
  readonly #everDurable: Map<string, Set<number>> = new Map();
  /** By node: the checksums at the indexes that it ever acknowledged. */
  readonly #acked: Map<number, Map<number, number>> = new Map();
  readonly #votes: Map<string, number> = new Map();
  readonly #terms: Map<number, number> = new Map();
  readonly #commits: Map<number, number> = new Map();
  readonly #reads: Map<string, number> = new Map();
  highest = 0;
  reads = 0;
  heals = 0;

  constructor(options: CheckerOptions) {
    this.#damage = options.damage;
  }

  restart(member: Member): void {
    this.#commits.set(member.node, 0);
    this.#durable(member);
    const { hard } = member.disk;
    if (hard.term < (this.#terms.get(member.node) ?? 0)) fail('R6', `term of ${member.node} fell`);
    this.#terms.set(member.node, hard.term);
  }

  step(member: Member, input: Input, effects: Effects): void {
    if (input.kind === 'written') this.#durable(member);
    if (input.kind === 'read') this.#reads.set(`${member.node}/${input.id}`, this.highest);
    for (const effect of effects.persist) for (const entry of effect.entries) this.#logMatching(entry);
    if (effects.role?.role === 'leader') this.#elected(member, effects.role.term);
    if (effects.commit !== undefined) this.#commit(member, effects.commit);
    for (const message of effects.send) this.#message(member, message);
    if (effects.healed) this.#healed(member);
    // Disks are damaged between two lives only, and a damaged replica knows it.
    if (effects.damage !== undefined) fail('damage', `${member.node} calls its sound ${effects.damage} bad`);
    for (const read of effects.reads) {
      const floor = this.#reads.get(`${member.node}/${read.id}`);
      if (floor === undefined) fail('reads', `answer to no question: ${read.id}`);
      this.#reads.delete(`${member.node}/${read.id}`);
      if (!read.ok) continue;
      this.reads += 1;
      if (read.index < floor) {
        fail('linearizable reads', `read at ${read.index}, ${floor} was committed before`);
      }
    }
  }

  /** What it acknowledged before it was damaged has counted: it may be normal again only with all of that which is committed. */
  #healed(member: Member): void {
    this.heals += 1;
    for (const [index, checksum] of this.#acked.get(member.node) ?? []) {
      const committed = this.#committed.get(index)?.checksum === checksum;
      if (committed && member.disk.view(index)?.checksum !== checksum) {
        fail('healing', `${member.node} is normal again without ${index}, which it had acknowledged`);
      }
    }
  }

  /** R3: equal index and term mean equal checksum, which names the whole log below. */
  #logMatching(entry: Entry): void {
    const key = `${entry.index}/${entry.term}`;
    const known = this.#entries.get(key);
    if (known !== undefined && known !== entry.checksum) fail('R3 log matching', key);
    this.#entries.set(key, entry.checksum);
  }

  #durable({ disk, node }: Member): void {
    if (!this.#damage) return;
    for (const entry of disk.entries.values()) {
      const key = `${entry.index}/${entry.checksum}`;
      const nodes = this.#everDurable.get(key) ?? new Set();
      this.#everDurable.set(key, nodes.add(node));
    }
  }

  #elected(member: Member, term: number): void {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== member.node) {
      fail('R1 election safety', `${known} and ${member.node} lead ${term}`);
    }
    if (known === member.node) return;
    this.#leaders.set(term, member.node);
    if (member.disk.damaged) fail('a damaged replica leads', `${member.node} in ${term}`);
    for (const [index, { checksum, inTerm }] of this.#committed) {
      if (inTerm < term && member.disk.view(index)?.checksum !== checksum) {
        fail('R4 leader completeness', `leader ${member.node} of ${term} lacks ${index}`);
      }
    }
  }

  #commit(member: Member, commit: number): void {
    const status = member.raft?.status();
    if (status === undefined) return;
    const before = this.#commits.get(member.node) ?? 0;
    if (commit <= before) fail('R6', `commit of ${member.node} went from ${before} to ${commit}`);
    for (let index = before + 1; index <= commit; index += 1) {
      const entry = member.disk.view(index) ?? fail('R5', `${member.node} commits ${index}, which it lacks`);
      const known = this.#committed.get(index);
      if (known !== undefined && known.checksum !== entry.checksum) {
        fail(
          'R5 state machine safety',
          `${index} is ${known.checksum} and ${entry.checksum} at ${member.node}`,
        );
      }
      if (known === undefined) this.#committed.set(index, { checksum: entry.checksum, inTerm: status.term });
    }
    this.#commits.set(member.node, commit);
    this.highest = Math.max(this.highest, commit);
    if (status.role === 'leader') this.#onQuorum(member, commit);
  }

  /** R9: what a leader commits is on the disks of a quorum. */
  #onQuorum(member: Member, index: number): void {
    const { cluster } = this;
    if (cluster === undefined) return;
    const { checksum } = this.#committed.get(index) ?? fail('R9', `${index} is not known`);
    const has = (node: number): boolean =>
      this.#damage
        ? (this.#everDurable.get(`${index}/${checksum}`)?.has(node) ?? false)
        : cluster.member(node).disk.entries.get(index)?.checksum === checksum;
    for (const half of [cluster.configuration.voters, cluster.configuration.outgoing]) {
      const count = half.filter((voter) => has(nodeOf(voter))).length;
      if (half.length > 0 && count * 2 <= half.length) {
        fail('R9 durable on a quorum', `${index} committed by ${member.node}, on ${count} of ${half.length}`);
      }
    }
  }

  #message(member: Member, message: RaftMessage): void {
    const { hard } = member.disk;
    if (message.kind === 'vote') {
      const durable = hard.term === message.term && hard.vote === message.from;
      if (!durable) fail('B14', `${member.node} asks for votes in ${message.term} before its own is durable`);
    }
    if (message.kind === 'vote-reply' && message.granted) {
      if (hard.term !== message.term || hard.vote !== message.to) {
        fail('B1', `${member.node} votes before it is durable`);
      }
      const key = `${member.node}/${message.term}`;
      const known = this.#votes.get(key);
      if (known !== undefined && known !== nodeOf(message.to)) {
        fail('B4', `${key} votes for ${known} and ${message.to}`);
      }
      this.#votes.set(key, nodeOf(message.to));
    }
    if (message.kind === 'append-reply' && message.outcome !== 'reject') this.#ack(member, message);
    if (message.kind === 'append') {
      if (this.#leaders.get(message.term) !== member.node) {
        fail('B22', `${member.node} appends in ${message.term}`);
      }
      if (message.commit > this.highest) fail('R5', `commit ${message.commit} was told before it was true`);
    }
  }

  #ack(member: Member, message: Extract<RaftMessage, { kind: 'append-reply' }>): void {
    if (message.outcome === 'ack' && member.disk.damaged) {
      fail('R9', `damaged ${member.node} acks ${message.index}`);
    }
    if (message.index === 0) return;
    if (message.outcome === 'ack' && this.#damage) this.#noteAcked(member, message.index);
    const own = member.disk.entries.get(message.index);
    if (own === undefined) fail('B30', `${member.node} acks ${message.index}, which is not on its disk`);
    const leader = this.cluster?.member(nodeOf(message.to));
    const status = leader?.raft?.status();
    if (leader === undefined || status?.role !== 'leader' || status.term !== message.term) return;
    const theirs = leader.disk.view(message.index);
    if (!this.#damage && theirs?.checksum !== own.checksum) {
      fail('B29', `${member.node} acks another ${message.index}`);
    }
  }

  #noteAcked({ node, disk }: Member, upTo: number): void {
    const acked = this.#acked.get(node) ?? new Map<number, number>();
    this.#acked.set(node, acked);
    for (let index = upTo; index > 0; index -= 1) {
      const checksum = disk.entries.get(index)?.checksum;
      if (checksum === undefined || acked.get(index) === checksum) return;
      acked.set(index, checksum);
    }
  }

  /** At the end: all replicas that are up have the same log on disk, and nobody is damaged. */
  converged(cluster: Cluster): void {
    for (const { node, disk, raft } of cluster.members) {
      const status = raft?.status();
      if (status === undefined) continue;
      if (status.damaged) fail('healing', `${node} is still damaged`);
      if (status.commit !== this.highest) {
        fail('liveness', `${node} knows commit ${status.commit} of ${this.highest}`);
      }
      for (const [index, { checksum }] of this.#committed) {
        if (disk.entries.get(index)?.checksum !== checksum) fail('R11', `${node} lacks committed ${index}`);
      }
    }
  }
}
