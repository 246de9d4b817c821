/**
 * Drives one Raft group from inside an actor: turns messages into inputs of the core and its effects into messages, and
 * applies committed entries in order. The actor keeps the machine (a partition, the directory) and hears of it through
 * `GroupEvents`. Adds nothing to the protocol.
 */
import type { Context } from '../../kernel/index.ts';
import type {
  Effects,
  Entry,
  Input,
  ProposeRefusal,
  Raft,
  RaftStatus,
  RecoveredLog,
  RoleChange,
} from '../../raft/index.ts';
import { logIndex, type LogIndex, type Offset, type Term } from '@callboard/client/protocol';
import type { GroupDriverOptions, Proposed } from './contract.ts';
import { clearEffects, emptyEffects } from './effects.ts';
import { Gathered } from './gathered.ts';
import { heirAmong } from './heir.ts';
import { Incarnations } from './incarnations.ts';
import type { GroupLoaded, GroupMessage, GroupRaft } from './messages.ts';
import { makeRaft, noteOpened, openAnew } from './make-raft.ts';
import { Outbound } from './outbound.ts';
import { ReadWaiters } from './read-waiters.ts';
import { sealEntry } from './seal.ts';
import { Ticks } from './ticks.ts';
import { entriesFault } from './verify.ts';

/** Loads by the driver itself (for applying) have negative ids; the core's are positive. */
const applyLoad = -1;

export class GroupDriver {
  readonly #options: GroupDriverOptions;
  readonly #context: Context<GroupMessage>;
  readonly #incarnation: number;
  readonly #peers: Incarnations;
  readonly #out: Outbound;
  readonly #reads = new ReadWaiters();
  readonly #spare: Effects[] = [];
  readonly #gathered: Gathered;
  #raft: Raft | undefined;
  #ticks: Ticks | undefined;
  #verdict = 'opening';
  #applied: LogIndex = logIndex(0);
  #commit: LogIndex = logIndex(0);
  #durable: LogIndex = logIndex(0);
  #applying = false;
  #loading = false;
  #readyTerm = 0;
  #leaderNode: string | undefined;
  /** Ticks for which this replica goes on asking to lead, until somebody does. */
  #campaignTicks = 0;

  constructor(options: GroupDriverOptions) {
    const { context, group, actorId } = options;
    this.#options = options;
    this.#context = context;
    this.#incarnation = options.startCount * 2 ** 20 + context.incarnation;
    this.#peers = new Incarnations(options.members);
    const incarnation = this.#incarnation;
    this.#out = new Outbound({ context, group, actorId, incarnation, peers: this.#peers });
    this.#gathered = new Gathered(options.limits);
    this.#out.open();
  }

  /** Ticks are needed for something beside the core. */
  stir(): void {
    this.#ticks?.stir();
  }

  /** The incarnation ends: nothing is confirmed or proposed any more, and whoever waits for a confirmation is told so. */
  close(): void {
    this.#ticks?.close();
    if (this.isLeader) this.#leaderNode = undefined;
    this.#raft = undefined;
    this.#readyTerm = 0;
    this.#reads.abandon();
  }

  handle(message: GroupMessage): void {
    switch (message.kind) {
      case 'group-tick':
        this.#tick(message.rested);
        break;
      case 'group-rest':
        if (this.#ticks?.rest() === true) this.#step({ kind: 'rested', ticks: 0 });
        break;
      case 'group-raft':
        this.#receive(message);
        break;
      case 'group-written':
        if (message.incarnation === this.#incarnation) this.#written(message.token);
        else this.#past('written');
        break;
      case 'group-loaded':
        if (message.incarnation === this.#incarnation) this.#loaded(message);
        else this.#past('loaded');
        break;
      case 'group-opened':
        if (message.incarnation === this.#incarnation) this.#open(message.log);
        else this.#past('opened');
        break;
      case 'group-incarnation':
        this.#meet(message.fromNode, message.incarnation);
        break;
      case 'group-link': {
        const peer = this.#peers.replicaOf(message.node);
        if (!message.up && peer !== undefined) this.#step({ kind: 'suspect', peer });
        break;
      }
      case 'group-damage':
        this.damageFound(message.index);
        break;
    }
  }

  get status(): RaftStatus | undefined {
    return this.#raft?.status();
  }

  /** `opening`, `clean`, `damaged` or `journal-lost`. */
  get verdict(): string {
    return this.#verdict;
  }

  get leaderNode(): string | undefined {
    return this.#leaderNode;
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  /** Of this replica's log, what is on its disk. */
  get durable(): LogIndex {
    return this.#durable;
  }

  get uncommittedBytes(): number {
    return (this.#raft?.uncommittedBytes ?? 0) + this.#gathered.bytes;
  }

  /** Index of the last entry, proposed ones included; what is proposed next gets the one above. */
  get lastIndex(): LogIndex {
    return (this.#gathered.tail ?? this.#raft?.tail())?.index ?? logIndex(0);
  }

  get isLeader(): boolean {
    return this.#raft?.role === 'leader';
  }

  /** Whether proposals are taken: leads, own no-op applied. */
  get isReady(): boolean {
    return this.#readyTerm !== 0;
  }

  /** Whether the log's entry at `index` is the one of `term`: what a disk brings back may be an older, intact one. */
  holds(index: LogIndex, term: Term): boolean {
    return this.#raft?.termAt(index) === term;
  }

  refusal(bytes: number): ProposeRefusal | undefined {
    if (!this.#gathered.takes(bytes)) this.flush();
    return this.#raft === undefined ? 'not-leader' : this.#raft.refusal(this.#gathered.bytes + bytes);
  }

  /**
   * Seals `draft` (a chunk with the producer's part filled; now owned by the log) behind the log's end and proposes it. It leaves
   * with the other proposals of the actor's turn, at its end: whoever proposes calls `flush` then.
   */
  propose(draft: Uint8Array, baseOffset: Offset): Proposed {
    const raft = this.#raft;
    const refusal = this.refusal(draft.byteLength);
    if (raft === undefined || refusal !== undefined) return { ok: false, refusal: refusal ?? 'not-leader' };
    const { group, crc32 } = this.#options;
    const previous = this.#gathered.tail ?? raft.tail();
    const { term } = raft;
    const index = logIndex(previous.index + 1);
    this.#gathered.add(sealEntry(draft, { group, index, term, previous, baseOffset }, crc32));
    return { ok: true, index, term };
  }

  /** Hands over what was proposed since the last call: one write and one append per follower for all of it. */
  flush(): void {
    if (!this.#gathered.empty) this.#take({ kind: 'propose', entries: this.#gathered.take() });
  }

  /** ReadIndex, then applied up to it. `ok: false`: this replica could not confirm that it leads. */
  read(callback: (ok: boolean) => void): void {
    this.readIndex((index) => {
      if (index === undefined) callback(false);
      else this.#reads.whenApplied(index, this.#applied, callback);
    });
  }

  /** ReadIndex alone: the index up to which everything committed before the call lies; undefined: not confirmed. */
  readIndex(callback: (index: LogIndex | undefined) => void): void {
    if (this.#raft === undefined) callback(undefined);
    else this.#step({ kind: 'read', id: this.#reads.register(callback) });
  }

  /** Asks to lead, and again with each tick for a while: of a new group the other replicas may not be there yet. */
  campaign(): void {
    this.#campaignTicks = this.#options.limits.electionTicksMin;
    this.#step({ kind: 'campaign' });
  }

  /** If this replica leads: hands over to the most advanced sound follower on one of `nodes`, if there is one. */
  transferLeadership(nodes: readonly string[], mostBehind: number = Infinity): void {
    const near = this.#raft?.status().followers.filter(({ match }) => this.lastIndex - match <= mostBehind);
    const heir = heirAmong(near ?? [], (replica) => nodes.includes(this.#peers.nodeOf(replica) ?? ''));
    if (heir !== undefined) this.#step({ kind: 'transfer', to: heir });
  }

  /** This replica's copy is bad at `index`: hands leadership over if it can, then ends this incarnation to open the log anew. */
  damageFound(index: LogIndex): void {
    this.#step({ kind: 'damage-found', index });
    openAnew(this.#options.group, index, this.#context.trace);
  }

  #open(log: RecoveredLog): void {
    if (this.#raft !== undefined) throw new Error('a log was opened twice in one incarnation');
    this.#verdict = log.verdict.kind;
    noteOpened(this.#options.group, log, this.#context.trace);
    if (log.verdict.kind === 'journal-lost') return;
    this.#durable = log.tail.index;
    this.#raft = makeRaft(this.#options, this.#context, log);
    this.#out.watchLinks();
    this.#ticks = new Ticks(this.#options, this.#raft, () => this.#campaignTicks > 0);
    this.#options.events.durable(this.#durable);
    if (this.#campaignTicks > 0) this.#step({ kind: 'campaign' });
  }

  #tick(rested: number): void {
    this.#ticks?.ticked(rested);
    if (rested > 0) this.#step({ kind: 'rested', ticks: rested });
    this.#step({ kind: 'tick' });
    this.#campaignAgain();
  }

  #campaignAgain(): void {
    if (this.#leaderNode !== undefined) this.#campaignTicks = 0;
    if (this.#campaignTicks === 0) return;
    this.#campaignTicks -= 1;
    // Votes that are under way, or not yet durable, must not be asked for anew.
    if (this.#raft?.role !== 'candidate') this.#step({ kind: 'campaign' });
  }

  #receive({ message, fromIncarnation, toIncarnation }: GroupRaft): void {
    const node = this.#peers.nodeOf(message.from);
    if (node === undefined || message.to !== this.#options.self) return;
    if (toIncarnation !== 0 && toIncarnation !== this.#incarnation) {
      this.#past(message.kind);
      this.#out.introduce(node);
      return;
    }
    const { group, crc32 } = this.#options;
    const fault = entriesFault(message, group, crc32);
    if (fault !== undefined) {
      this.#context.trace.note('error', 'replica.entries-refused', { group, node, fault });
    } else if (this.#meet(node, fromIncarnation)) {
      this.#step({ kind: 'message', message, anyLife: toIncarnation === 0 });
    } else this.#past(message.kind);
  }

  /** Sent by an earlier incarnation of a peer, or meant for one of this replica: what it says or answers is over. */
  #past(what: string): void {
    this.#context.trace.note('debug', 'replica.past-dropped', { group: this.#options.group, what });
  }

  /** Learns a peer's incarnation. False: the peer has had a newer one, the message is from the past. */
  #meet(node: string, incarnation: number): boolean {
    const met = this.#peers.meet(node, incarnation);
    const replica = this.#peers.replicaOf(node);
    // What an earlier incarnation acknowledged may be lost with it: the leader must hear it again.
    if (met === 'restarted' && replica !== undefined) this.#step({ kind: 'restarted', peer: replica });
    return met !== 'past';
  }

  #written(token: number): void {
    this.#step({ kind: 'written', token });
    const durable = this.#raft?.durable ?? this.#durable;
    if (durable === this.#durable) return;
    this.#durable = durable;
    this.#options.events.durable(durable);
  }

  #loaded(message: GroupLoaded): void {
    if (message.id !== applyLoad) {
      const { id, entries, bad } = message;
      this.#step({ kind: 'loaded', id, entries, bad });
      return;
    }
    this.#loading = false;
    if (message.entries.length === 0) this.damageFound(message.bad ?? logIndex(this.#applied + 1));
    for (const entry of message.entries) {
      // The chain cannot tell which side of a break is wrong; the term can.
      if (!this.holds(entry.index, entry.term)) this.damageFound(entry.index);
      this.#applyOne(entry);
    }
    this.#step({ kind: 'applied', index: this.#applied });
    this.#applyCommitted();
  }

  /** The proposals made before `input` come before it: the core sees everything in the order in which it happened. */
  #step(input: Input): void {
    this.flush();
    this.#take(input);
  }

  #take(input: Input): void {
    const raft = this.#raft;
    if (raft === undefined) return;
    // What is done on an effect may lead to another step, which then needs a set of its own.
    const effects = this.#spare.pop() ?? emptyEffects();
    raft.step(input, effects);
    this.#ticks?.stir();
    this.#act(effects);
    clearEffects(effects);
    this.#spare.push(effects);
  }

  #act(effects: Effects): void {
    for (const persist of effects.persist) this.#out.persist(persist);
    for (const message of effects.send) this.#out.send(message);
    for (const load of effects.load) this.#out.load(load);
    if (effects.healed) {
      this.#verdict = 'clean';
      this.#context.trace.note('info', 'replica.healed', { group: this.#options.group });
    }
    if (effects.role !== undefined) this.#roleChanged(effects.role);
    if (effects.commit !== undefined && effects.commit > this.#commit) {
      this.#commit = effects.commit;
      this.#applyCommitted();
    }
    for (const outcome of effects.reads) {
      this.#reads.answer(outcome.id, outcome.ok ? outcome.index : undefined);
    }
    if (effects.damage !== undefined) openAnew(this.#options.group, effects.damage, this.#context.trace);
  }

  #roleChanged(change: RoleChange): void {
    const { group, events } = this.#options;
    const { role, term, leader } = change;
    this.#leaderNode = leader === undefined ? undefined : this.#peers.nodeOf(leader);
    if (role !== 'leader' || term !== this.#readyTerm) this.#readyTerm = 0;
    this.#context.trace.note('debug', 'replica.role', { group, role, term, leader: this.#leaderNode });
    events.roleChanged(change, this.#leaderNode);
    if (role !== 'leader') this.#reads.deposed();
  }

  /** Applies what memory holds and asks the store for the rest. A nested call (an apply that proposes) leaves it to the outer one. */
  #applyCommitted(): void {
    const raft = this.#raft;
    if (raft === undefined || this.#applying || this.#loading) return;
    this.#applying = true;
    while (this.#applied < this.#commit) {
      const entries = raft.committedAfter(this.#applied, 256);
      if (entries.length === 0) break;
      for (const entry of entries) this.#applyOne(entry);
      this.#step({ kind: 'applied', index: this.#applied });
    }
    this.#applying = false;
    if (this.#applied < this.#commit) this.#loadCommitted(raft.durable);
    this.#announce();
  }

  /**
   * What memory lacks is durable. Above `durable` the disk may still hold an entry that a write under way is about to replace
   * by the one that was committed.
   */
  #loadCommitted(durable: LogIndex): void {
    this.#loading = true;
    const from = logIndex(this.#applied + 1);
    const to = logIndex(Math.min(this.#commit, durable));
    const maxBytes = this.#options.limits.readBytes;
    this.#out.read({ id: applyLoad, from, to, maxBytes, maxEntries: 4_096, cut: 'tail' });
  }

  #applyOne(entry: Entry): void {
    if (entry.index !== this.#applied + 1) {
      throw new Error(`apply out of order: ${entry.index} after ${this.#applied}`);
    }
    this.#applied = entry.index;
    this.#options.events.apply(entry);
  }

  /** After applying: the readers that waited, and once per leadership, that proposals are taken. */
  #announce(): void {
    this.#reads.applied(this.#applied);
    const raft = this.#raft;
    if (raft === undefined || raft.role !== 'leader' || this.#readyTerm === raft.term) return;
    const refusal = this.refusal(0);
    if (refusal === 'not-ready' || refusal === 'not-leader' || refusal === 'damaged') return;
    this.#readyTerm = raft.term;
    this.#options.events.ready();
  }
}
