/** One seeded random run: loss, repetition, reordering, very late messages, crashes that lose unwritten batches, damage. */
import type { LogIndex } from '@callboard/client/protocol';
import type { Entry, Input } from '../../src/raft/index.ts';
import { Checkers } from './checkers.ts';
import { idOf, Cluster, type ClusterOptions, type Flying, type Member } from './harness.ts';
import { Outcomes, type OutcomeOptions } from './outcomes.ts';

/** mulberry32: small, fast, and good enough to find orders that nobody thought of. */
export function prng(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  /** Holes, lost tails and old values, on a minority at a time. */
  readonly damage: boolean;
  /** Absent: drawn, with learners and joint quorums among them. */
  readonly voters?: number;
  readonly outcomes?: OutcomeOptions;
  /** See `ClusterOptions`; absent: drawn. */
  readonly learnsLives?: boolean;
}

export interface RunReport {
  readonly steps: number;
  readonly committed: number;
  readonly reads: number;
  readonly heals: number;
  /** How proposals ended, as their askers were told. */
  readonly outcomes: Readonly<Outcomes['counts']>;
}

interface Weights {
  readonly tick: number;
  readonly deliver: number;
  readonly write: number;
  readonly load: number;
  readonly propose: number;
  readonly read: number;
  readonly drop: number;
  readonly repeat: number;
  readonly late: number;
  readonly crash: number;
  readonly cut: number;
  readonly bulkCut: number;
  readonly overtake: number;
  readonly transfer: number;
  readonly suspect: number;
}

const kinds = [
  'tick',
  'deliver',
  'write',
  'load',
  'propose',
  'read',
  'drop',
  'repeat',
  'late',
  'crash',
  'cut',
  'bulkCut',
  'overtake',
  'transfer',
  'suspect',
] as const;

/** Each run draws its own mixture, so that some are calm enough to get far and some are all trouble (swarm testing). */
function drawWeights(random: () => number): Weights {
  const some = (most: number): number => (random() < 0.3 ? 0 : random() * most);
  // In a storm leaders come and go, and most of what they append is overwritten by the next.
  const storm = random() < 0.5 ? 1 : 6;
  return {
    tick: (1 + random() * 3) * Math.sqrt(storm),
    deliver: 12,
    write: 2 + random() * 6,
    load: 2,
    propose: 0.5 + random() * 2,
    read: random() * 0.5,
    drop: some(1),
    repeat: some(0.7),
    late: some(0.4),
    crash: some(0.06) * storm,
    cut: some(0.08) * storm,
    bulkCut: some(0.08),
    overtake: some(0.03),
    transfer: some(0.03),
    suspect: some(0.05) * storm,
  };
}

export class RandomRun {
  readonly #random: () => number;
  readonly #weights: Weights;
  readonly #options: RunOptions;
  readonly #checkers: Checkers;
  readonly #outcomes: Outcomes;
  readonly #cluster: Cluster;
  readonly #total: number;
  /** Delivered long ago; some come again. */
  readonly #past: Flying[] = [];
  /** Nodes whose messages wait on the way. */
  readonly #held = new Set<number>();
  readonly #reorder: boolean;
  #proposed = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const random = prng(options.seed);
    this.#random = random;
    this.#weights = drawWeights(random);
    this.#total = kinds.reduce((sum, kind) => sum + this.#weights[kind], 0);
    this.#reorder = random() < 0.7;
    this.#checkers = new Checkers(options);
    this.#outcomes = new Outcomes(options.outcomes);
    this.#cluster = new Cluster({ ...this.#shape(), observers: [this.#checkers, this.#outcomes] });
    this.#checkers.cluster = this.#cluster;
  }

  #shape(): ClusterOptions {
    const random = this.#random;
    const size = random();
    const nodes = this.#options.voters ?? (size < 0.05 ? 1 : size < 0.6 ? 3 : size < 0.9 ? 5 : 4);
    const members = Array.from({ length: nodes }, (_, at) => idOf(at + 1));
    const draw = random();
    const fixed = this.#options.voters !== undefined;
    const learner = nodes === 4 && !fixed ? members.slice(3) : [];
    const joint = nodes === 5 && !fixed && draw < 0.3;
    return {
      nodes,
      learnsLives: this.#options.learnsLives ?? random() < 0.7,
      configuration: {
        voters: joint ? members.slice(0, 3) : members.slice(0, nodes - learner.length),
        outgoing: joint ? members.slice(1, 5) : [],
        learners: learner,
      },
      limits: {
        entryCacheBytes: random() < 0.5 ? 20 : 10_000,
        appendEntries: 1 + this.#below(4),
        inflightMessages: 1 + this.#below(4),
        uncommittedGroupBytes: 60,
      },
      random: (node) => prng(seedOf(node, this.#options.seed, random)),
    };
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)];
  }

  get #up(): Member[] {
    return this.#cluster.members.filter(({ raft }) => raft !== undefined);
  }

  run(): RunReport {
    for (let count = 0; count < this.#options.steps; count += 1) this.#move();
    this.#heal();
    const { highest, reads, heals } = this.#checkers;
    return { steps: this.#options.steps, committed: highest, reads, heals, outcomes: this.#outcomes.counts };
  }

  #move(): void {
    let draw = this.#random() * this.#total;
    for (const kind of kinds) {
      draw -= this.#weights[kind];
      if (draw < 0) {
        this[kind]();
        return;
      }
    }
  }

  tick(): void {
    const member = this.#pick(this.#up.filter(({ node }) => !this.#held.has(node)));
    if (member === undefined) return;
    // However wrong a shell is about who may rest, nothing but time hangs on it.
    if (this.#random() < 0.1) this.#cluster.step(member.node, { kind: 'rested', ticks: this.#below(8) });
    this.#cluster.step(member.node, { kind: 'tick' });
  }

  #flight(): number {
    const { flying } = this.#cluster;
    const first = this.#held.size === 0 ? 0 : flying.findIndex(({ to }) => !this.#held.has(to));
    if (first < 0 || !this.#reorder || this.#random() >= 0.5) return first;
    const drawn = first + this.#below(Math.min(flying.length - first, 12));
    return this.#held.has(flying[drawn]?.to ?? 0) ? first : drawn;
  }

  deliver(): void {
    const at = this.#flight();
    const flight = at < 0 ? undefined : this.#cluster.deliver(at);
    if (flight === undefined) return;
    if (this.#past.length < 200) this.#past.push(flight);
    else this.#past[this.#below(200)] = flight;
  }

  write(): void {
    const member = this.#pick(this.#up);
    if (member !== undefined) this.#cluster.write(member.node);
  }

  load(): void {
    const member = this.#pick(this.#up);
    if (member === undefined) return;
    if (this.#random() < 0.9) this.#cluster.load(member.node);
    else this.#failLoad(member);
  }

  #failLoad(member: Member): void {
    const effect = member.loads.shift();
    if (effect !== undefined) this.#cluster.step(member.node, { kind: 'loaded', id: effect.id, entries: [] });
  }

  propose(): void {
    const leader = this.#pick(this.#cluster.leaders());
    if (leader !== undefined) this.#proposeAt(leader);
  }

  #proposeAt(leader: number): void {
    this.#proposed += 1;
    const text = `p${this.#proposed}`;
    if (this.#cluster.raft(leader).refusal(text.length) === undefined) this.#cluster.propose(leader, text);
  }

  read(): void {
    const member = this.#pick(this.#up);
    this.#proposed += 1;
    if (member !== undefined) this.#cluster.step(member.node, { kind: 'read', id: this.#proposed });
  }

  drop(): void {
    const at = this.#flight();
    if (at >= 0) this.#cluster.flying.splice(at, 1);
  }

  repeat(): void {
    const flight = this.#cluster.flying[this.#flight()];
    if (flight !== undefined) this.#cluster.flying.push(flight);
  }

  late(): void {
    const flight = this.#pick(this.#past);
    if (flight !== undefined) this.#cluster.flying.push(flight);
  }

  crash(): void {
    const member = this.#pick(this.#cluster.members);
    if (member === undefined) return;
    if (member.raft !== undefined) this.#crashAt(member.node);
    if (this.#random() < 0.6) this.#start(member);
  }

  #crashAt(node: number): void {
    const member = this.#cluster.member(node);
    if (this.#options.damage && this.#random() < 0.2) this.#withdraw(node);
    this.#cluster.crash(node, this.#below(member.disk.pending.length + 1), this.#random() < 0.5);
    if (this.#options.damage && this.#random() < 0.5) this.#damage(member);
  }

  /** Damage that a read finds while the replica runs: for some time it is there, but takes part in nothing. */
  #withdraw(node: number): void {
    this.#cluster.step(node, { kind: 'damage-found', index: 1 as LogIndex });
    this.#moves(20);
  }

  #start(member: Member): void {
    if (member.raft !== undefined) return;
    this.#cluster.restart(member.node);
    if (this.#random() < 0.5) this.#tellRestarted(member);
    if (this.#random() < 0.5) this.#recall(member);
  }

  /** What was sent to an earlier life of it comes now, and better what it cannot tell from the rest. */
  #recall({ node }: Member): void {
    const all = this.#past.filter(({ to }) => to === node);
    const unnamed = all.filter(({ toIncarnation }) => toIncarnation === 0);
    const late = unnamed.length > 0 ? unnamed : all;
    for (let count = this.#below(4); count > 0; count -= 1) {
      const flight = this.#pick(late);
      if (flight !== undefined) this.#cluster.flying.unshift(flight);
    }
  }

  #tellRestarted({ node }: Member): void {
    for (const other of this.#up) {
      if (other.node !== node) this.#cluster.step(other.node, { kind: 'restarted', peer: idOf(node) });
    }
  }

  /**
   * Damages `member` as an engine does: holes, a lost end, or an older state. Several may be damaged at a time, even all
   * of them, each elsewhere; but what the last disk holds is spared, and a majority knows what it owes.
   */
  #damage({ node, disk }: Member): void {
    const others = this.#cluster.members.filter((other) => other.node !== node);
    const spared = (index: number): boolean => {
      const present = disk.entries.get(index);
      if (present === undefined) return false;
      return others.every((other) => other.disk.entries.get(index)?.checksum !== present.checksum);
    };
    const changes = new Map([...this.#drawDamage(disk)].filter(([index]) => !spared(index)));
    if (changes.size === 0) return;
    disk.damage(changes);
    const unknown = others.filter((other) => other.disk.owed.kind === 'unknown').length;
    if (unknown === 0 && others.length > 1 && this.#random() < 0.3) disk.owed = { kind: 'unknown' };
  }

  #drawDamage(disk: Member['disk']): ReadonlyMap<number, Entry | undefined> {
    const highest = Math.max(0, ...disk.entries.keys());
    const kind = this.#random();
    if (highest === 0 || kind < 0.4) return disk.rollback(1 + this.#below(6));
    // Mostly near the end, where logs differ.
    const from =
      1 + (this.#random() < 0.5 ? this.#below(highest) : Math.max(0, highest - 1 - this.#below(6)));
    const to = kind < 0.6 ? highest : Math.min(highest, from + this.#below(4));
    return new Map(Array.from({ length: to - from + 1 }, (_, at) => [from + at, undefined]));
  }

  cut(): void {
    const { cuts, members } = this.#cluster;
    if (this.#random() < 0.4) {
      cuts.clear();
      return;
    }
    const from = this.#pick(members)?.node;
    const leader = this.#pick(this.#cluster.leaders());
    if (leader === undefined || this.#random() < 0.5) {
      cuts.add(`${from}>${this.#pick(members)?.node}`);
      return;
    }
    // A leader that goes on alone for some time: its entries will be overwritten.
    for (const { node } of members) cuts.add(`${leader}>${node}`).add(`${node}>${leader}`);
  }

  /** What a node appends reaches few others, though it may lead all of them. */
  bulkCut(): void {
    const { bulkCuts, members } = this.#cluster;
    if (bulkCuts.size > 0 && this.#random() < 0.4) {
      bulkCuts.clear();
      return;
    }
    const from = this.#pick(members)?.node;
    for (const { node } of members) if (this.#random() < 0.8) bulkCuts.add(`${from}>${node}`);
  }

  /**
   * A leader stands still with a proposal that few have got. Its successor reaches hardly anybody but it, and is gone soon; so who
   * leads next may be one that has the first leader's entry, or one that has the successor's. Everything else goes on meanwhile.
   */
  overtake(): void {
    const { cuts, bulkCuts, members } = this.#cluster;
    const first = this.#pick(this.#cluster.leaders());
    const others = members.map(({ node }) => node).filter((node) => node !== first);
    const [second, third] = this.#shuffled(others);
    if (first === undefined || second === undefined || third === undefined || this.#held.size > 0) return;
    for (const node of others) if (node !== third) cuts.add(`${first}>${node}`);
    this.#proposeAt(first);
    this.#moves(60);
    this.#held.add(first);
    for (const node of others) bulkCuts.add(`${second}>${node}`);
    for (const node of others) this.#stepIfUp(node, { kind: 'suspect', peer: idOf(first) });
    this.#stepIfUp(second, { kind: 'campaign' });
    this.#moves(120);
    this.#held.clear();
    this.#moves(120);
    if (this.#cluster.member(second).raft !== undefined && this.#random() < 0.5) this.#crashAt(second);
    cuts.clear();
    bulkCuts.clear();
    for (const node of others) this.#stepIfUp(node, { kind: 'suspect', peer: idOf(second) });
    this.#stepIfUp(third, { kind: 'campaign' });
  }

  #moves(count: number): void {
    for (let left = count; left > 0; left -= 1) this.#move();
  }

  #stepIfUp(node: number, input: Input): void {
    if (this.#cluster.member(node).raft !== undefined) this.#cluster.step(node, input);
  }

  #shuffled(nodes: readonly number[]): number[] {
    const keyed = nodes.map((node) => [this.#random(), node] as const);
    return keyed.toSorted(([a], [b]) => a - b).map(([, node]) => node);
  }

  transfer(): void {
    const leader = this.#pick(this.#cluster.leaders());
    const to = this.#pick(this.#cluster.members)?.node ?? 1;
    if (leader === undefined) return;
    this.#cluster.step(leader, { kind: 'transfer', to: this.#random() < 0.5 ? undefined : idOf(to) });
  }

  suspect(): void {
    const member = this.#pick(this.#up);
    const peer = this.#pick(this.#cluster.members)?.node ?? 1;
    if (member === undefined) return;
    if (this.#random() < 0.8) this.#cluster.step(member.node, { kind: 'suspect', peer: idOf(peer) });
    else this.#cluster.step(member.node, { kind: 'campaign' });
  }

  /** All nodes at once; with damage on every disk, nobody can lead before somebody has healed without a leader. */
  #powerLoss(): void {
    for (const { node, raft, disk } of this.#cluster.members) {
      if (raft !== undefined) this.#cluster.crash(node, this.#below(disk.pending.length + 1));
    }
    if (!this.#options.damage) return;
    for (const member of this.#cluster.members) this.#damage(member);
  }

  /** All faults end; then a leader is elected, takes a proposal, and all replicas become equal. */
  #heal(): void {
    const cluster = this.#cluster;
    cluster.cuts.clear();
    cluster.bulkCuts.clear();
    this.#held.clear();
    if (this.#random() < 0.4) this.#powerLoss();
    for (const member of cluster.members) this.#start(member);
    let done = false;
    for (let ticks = 0; ticks < 600 && !done; ticks += 1) {
      cluster.settle();
      for (const { node } of cluster.members) cluster.step(node, { kind: 'tick' });
      done = ticks > 30 && this.#isCalm();
    }
    cluster.settle();
    if (!done) {
      throw new Error(`liveness: ${JSON.stringify(cluster.members.map(({ raft }) => raft?.status()))}`);
    }
    const before = this.#checkers.highest;
    const leader = cluster.leaders()[0] ?? 0;
    cluster.propose(leader, 'last');
    cluster.settle();
    for (let ticks = 0; ticks < 10; ticks += 1) {
      for (const { node } of cluster.members) cluster.step(node, { kind: 'tick' });
      cluster.settle();
    }
    if (this.#checkers.highest <= before) throw new Error('liveness: the last proposal was not committed');
    this.#checkers.converged(cluster);
  }

  #isCalm(): boolean {
    const leaders = this.#cluster.leaders();
    const whole = this.#cluster.members.every(({ raft }) => raft?.status().damaged === false);
    return whole && leaders.length === 1 && this.#cluster.raft(leaders[0] ?? 0).refusal(4) === undefined;
  }
}

function seedOf(node: number, seed: number, random: () => number): number {
  return (seed * 31 + node * 7_919 + Math.floor(random() * 1_000_000)) >>> 0;
}
