/**
 * A group of cores in memory: simulated disks whose writes complete when told, a network that is a list of messages, and
 * nothing that happens by itself. Golden scripts and random runs are both made of these moves.
 */
import { replicaId, type LogIndex, type ReplicaId, type Term } from '@callboard/client/protocol';
import { Incarnations } from '../../src/actors/group/incarnations.ts';
import { Raft } from '../../src/raft/index.ts';
import type { Configuration, Effects, Entry, Input, LoadEffect } from '../../src/raft/index.ts';
import type { RaftLimits, RaftMessage, Tail } from '../../src/raft/index.ts';
import { SimDisk } from './sim-disk.ts';

export function idOf(node: number): ReplicaId {
  return replicaId(node.toString(16).padStart(32, '0'));
}

export function nodeOf(id: ReplicaId): number {
  return Number.parseInt(id, 16);
}

export const testLimits: RaftLimits = {
  heartbeatTicks: 3,
  electionTicksMin: 10,
  electionTicksMax: 20,
  stallTicks: 40,
  appendBytes: 1_000,
  appendEntries: 4,
  inflightMessages: 4,
  inflightBytes: 4_000,
  uncommittedGroupBytes: 2_000,
  entryCacheBytes: 400,
  pendingReads: 8,
};

const encoder = new TextEncoder();

/** A checksum over everything that names an entry and its past. FNV-1a, never 0. */
function checksumOf(index: number, term: number, previous: number, text: string): number {
  let hash = 0x811c9dc5;
  for (const char of `${index}/${term}/${previous}/${text}`) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  }
  return hash === 0 ? 1 : hash;
}

export function seal(tail: Tail, term: number, text: string): Entry {
  const index = (tail.index + 1) as LogIndex;
  return {
    index,
    term: term as Term,
    previous: tail.checksum,
    checksum: checksumOf(index, term, tail.checksum, text),
    bytes: encoder.encode(text),
  };
}

export function newEffects(): Effects {
  const none = { commit: undefined, role: undefined, healed: false, damage: undefined };
  return { send: [], persist: [], load: [], reads: [], ...none };
}

export interface Member {
  readonly node: number;
  readonly disk: SimDisk;
  /** Undefined while down. */
  raft: Raft | undefined;
  incarnation: number;
  applied: number;
  readonly loads: LoadEffect[];
  /** What this incarnation has heard of those of the others. */
  peers: Incarnations;
}

export interface Flying {
  readonly message: RaftMessage;
  readonly from: number;
  readonly to: number;
  /** Of the sender, and of the addressee as the sender knew it; 0: not at all, and then it reaches any. */
  readonly fromIncarnation: number;
  readonly toIncarnation: number;
}

/** Sees every step; checkers and traces hang here. */
export interface Observer {
  step?(member: Member, input: Input, effects: Effects): void;
  restart?(member: Member): void;
}

export interface ClusterOptions {
  readonly nodes: number;
  readonly configuration?: Configuration;
  readonly limits?: Partial<RaftLimits>;
  /** One source per node. */
  readonly random: (node: number) => () => number;
  readonly observers?: readonly Observer[];
  /** Senders learn incarnations as the shell does, from what they hear. Absent: each message names the one that lives as it is sent. */
  readonly learnsLives?: boolean;
}

export class Cluster {
  readonly members: readonly Member[];
  readonly limits: RaftLimits;
  readonly configuration: Configuration;
  /** Sent and not yet delivered, oldest first. */
  flying: Flying[] = [];
  /** Links `from>to` that lose everything. */
  readonly cuts: Set<string> = new Set();
  /** Links that lose appends only: these go over a connection of their own. */
  readonly bulkCuts: Set<string> = new Set();
  readonly observers: Observer[];
  readonly #random: (node: number) => () => number;
  readonly #learnsLives: boolean;
  readonly #places: readonly { readonly replica: ReplicaId; readonly node: string }[];

  constructor(options: ClusterOptions) {
    const nodes = Array.from({ length: options.nodes }, (_, at) => at + 1);
    this.limits = { ...testLimits, ...options.limits };
    this.configuration = options.configuration ?? { voters: nodes.map(idOf), outgoing: [], learners: [] };
    this.#random = options.random;
    this.observers = [...(options.observers ?? [])];
    this.#learnsLives = options.learnsLives === true;
    this.#places = nodes.map((node) => ({ replica: idOf(node), node: String(node) }));
    this.members = nodes.map((node) => ({
      node,
      disk: new SimDisk(),
      raft: undefined,
      incarnation: 0,
      applied: 0,
      loads: [],
      peers: new Incarnations(this.#places),
    }));
    for (const member of this.members) this.restart(member.node);
  }

  member(node: number): Member {
    const member = this.members[node - 1];
    if (member === undefined) throw new Error(`no node ${node}`);
    return member;
  }

  raft(node: number): Raft {
    const { raft } = this.member(node);
    if (raft === undefined) throw new Error(`node ${node} is down`);
    return raft;
  }

  leaders(): number[] {
    return this.members.filter(({ raft }) => raft?.status().role === 'leader').map(({ node }) => node);
  }

  step(node: number, input: Input): Effects {
    const member = this.member(node);
    const effects = newEffects();
    this.raft(node).step(input, effects);
    for (const effect of effects.persist) member.disk.issue(effect);
    member.loads.push(...effects.load);
    for (const observer of this.observers) observer.step?.(member, input, effects);
    for (const message of effects.send) this.#launch(node, message);
    if (effects.commit !== undefined) this.#apply(member, effects.commit);
    if (effects.damage !== undefined) this.#openAnew(node);
    return effects;
  }

  /** Applies what is committed at once: the machine is not what is tested here. */
  #apply(member: Member, commit: LogIndex): void {
    for (let index = member.applied + 1; index <= commit; index += 1) {
      const inMemory = member.raft?.committedAfter((index - 1) as LogIndex, 1)[0];
      const entry = inMemory ?? member.disk.entries.get(index);
      if (entry?.index !== index) throw new Error(`node ${member.node}: entry ${index} is nowhere`);
    }
    member.applied = commit;
    this.step(member.node, { kind: 'applied', index: commit });
  }

  #launch(from: number, message: RaftMessage): void {
    const to = nodeOf(message.to);
    const link = `${from}>${to}`;
    if (this.cuts.has(link) || (message.kind === 'append' && this.bulkCuts.has(link))) return;
    const { incarnation: fromIncarnation, peers } = this.member(from);
    const toIncarnation = this.#learnsLives ? peers.incarnationOf(String(to)) : this.member(to).incarnation;
    this.flying.push({ message, from, to, fromIncarnation, toIncarnation });
  }

  propose(node: number, text: string): Effects {
    const raft = this.raft(node);
    const entry = seal(raft.tail(), raft.status().term, text);
    return this.step(node, { kind: 'propose', entries: [entry] });
  }

  /** Takes the message off the network and hands it over, if its addressee is up and a message of its life. */
  deliver(at: number): Flying | undefined {
    const [flight] = this.flying.splice(at, 1);
    if (flight === undefined) return undefined;
    this.hand(flight);
    return flight;
  }

  /** As the shell does: messages to an earlier incarnation of the addressee, or of one of the sender, are dropped. */
  hand({ message, from, to, fromIncarnation, toIncarnation }: Flying): void {
    const { raft, incarnation } = this.member(to);
    if (raft === undefined) return;
    const anyLife = toIncarnation === 0;
    if (!anyLife && toIncarnation !== incarnation) {
      const sender = this.member(from);
      const lives = sender.raft !== undefined && sender.incarnation === fromIncarnation;
      if (this.#learnsLives && lives) this.#meet(from, to, incarnation);
    } else if (!this.#learnsLives || this.#meet(to, from, fromIncarnation)) {
      this.step(to, { kind: 'message', message, anyLife });
    }
  }

  /** `node` learns of the incarnation of `peer`. False: it has heard of a newer one. */
  #meet(node: number, peer: number, incarnation: number): boolean {
    const met = this.member(node).peers.meet(String(peer), incarnation);
    if (met === 'restarted') this.step(node, { kind: 'restarted', peer: idOf(peer) });
    return met !== 'past';
  }

  /** Completes the oldest write and tells the core. */
  write(node: number): boolean {
    const member = this.member(node);
    const effect = member.disk.writeNext();
    if (effect === undefined) return false;
    this.step(node, { kind: 'written', token: effect.token });
    return true;
  }

  /** Answers the oldest load. */
  load(node: number): boolean {
    const member = this.member(node);
    const effect = member.loads.shift();
    if (effect === undefined) return false;
    this.step(node, { kind: 'loaded', id: effect.id, ...member.disk.load(effect) });
    return true;
  }

  crash(node: number, kept = 0, hardOnly = false): void {
    const member = this.member(node);
    member.raft = undefined;
    member.disk.crash(kept, hardOnly);
    member.loads.length = 0;
  }

  /** As the shell does: not before all that was asked to be written is. */
  #openAnew(node: number): void {
    this.crash(node, this.member(node).disk.pending.length);
    this.restart(node);
  }

  restart(node: number): void {
    const member = this.member(node);
    const recovered = member.disk.recover();
    member.incarnation += 1;
    member.applied = 0;
    member.peers = new Incarnations(this.#places);
    member.raft = new Raft({
      self: idOf(node),
      configuration: this.configuration,
      recovered,
      limits: this.limits,
      random: this.#random(node),
      sealNoop: (index, term, previous) => {
        if (index !== previous.index + 1) throw new Error('a no-op continues the log');
        return seal(previous, term, '');
      },
    });
    for (const observer of this.observers) observer.restart?.(member);
  }

  /** Everything that can happen without time passing happens, in order. */
  settle(): void {
    for (let rounds = 0; rounds < 10_000; rounds += 1) {
      let moved = this.flying.length > 0;
      for (let count = this.flying.length; count > 0; count -= 1) this.deliver(0);
      for (const { node, raft } of this.members) {
        if (raft === undefined) continue;
        while (this.write(node)) moved = true;
        while (this.load(node)) moved = true;
      }
      if (!moved) return;
    }
    throw new Error('the group does not come to rest');
  }
}
