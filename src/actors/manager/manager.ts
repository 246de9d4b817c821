/**
 * Manager: the shell. Takes the messages of messages.ts, lets the parts act on them, and ends each turn in one order: first
 * the subscribers hear what was applied, then those are answered who waited for it.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import { brokerState } from '../../directory/index.ts';
import { AppliedQueries } from './applied-queries.ts';
import { Barriers } from './barriers.ts';
import { Changes } from './changes.ts';
import { Epochs } from './epochs.ts';
import { outsider } from './errors.ts';
import { Founding } from './founding.ts';
import type { Founders } from './founders.ts';
import { Member } from './member.ts';
import {
  managerActorId,
  type AppliedQuery,
  type Barrier,
  type Change,
  type ManagerMessage,
} from './messages.ts';
import type { ManagerOptions } from './options.ts';
import { Pace } from './pace.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import { Replicas } from './replicas.ts';
import { Subscribers } from './subscribers.ts';
import { UnusedIds } from './unused-ids.ts';
import type { DirectoryView } from './view.ts';

export class Manager implements Actor<ManagerMessage> {
  readonly #options: ManagerOptions;
  readonly #links = new Map<string, boolean>();
  #context!: Context<ManagerMessage>;
  #founding!: Founding;
  #replicas!: Replicas;
  #subscribers!: Subscribers;
  #changes!: Changes;
  #barriers!: Barriers;
  #queries!: AppliedQueries;
  #epochs!: Epochs;
  #unused!: UnusedIds;
  /** How often the primary and the replicas are told again what they may have missed. */
  #repeats!: Pace;
  #member: Member | undefined;
  /** Whether this node's own registration is on its way. */
  #registering: () => boolean = () => false;
  /** Groups whose leaders have become ready in this turn. */
  readonly #readyNews: GroupId[] = [];
  /** When the next look for stragglers is due. */
  #stragglersMs = 0;
  #lastId = 0;

  constructor(options: ManagerOptions) {
    this.#options = options;
  }

  start(context: Context<ManagerMessage>): void {
    const options = this.#options;
    const { limits } = options;
    this.#context = context;
    // Numbers of this incarnation's questions; an answer to an earlier one's must fit none of them.
    this.#lastId = Math.floor(context.random() * 2 ** 48);
    const nextId = (): number => (this.#lastId += 1);
    const view = this.#view();
    this.#replicas = new Replicas(context, options);
    this.#subscribers = new Subscribers(context, limits.managerSubscribers);
    this.#changes = new Changes(context, view, limits, nextId);
    this.#barriers = new Barriers(context, view, limits, nextId);
    this.#queries = new AppliedQueries(context, limits.managerPendingChanges);
    this.#unused = new UnusedIds({
      context,
      limits,
      days: options.unusedDays ?? 0,
      machine: () => this.#member?.machine,
      isPrimary: () => this.#member?.driver.isReady === true,
      led: () => this.#member?.readiness.led() ?? [],
      want: (key, command) => this.#member?.primary.want(key, command),
      ask: (command) => this.#changes.want(command),
      confirm: (then) => this.#barriers.confirm(then),
    });
    this.#epochs = new Epochs((command) => this.#changes.want(command));
    this.#repeats = new Pace(limits.managerRetryMaxMs, limits.managerRetryMaxMs);
    this.#founding = new Founding(context, options, {
      open: () => this.#replicas.start(),
      member: (founders, founded) => this.#join(founders, founded),
    });
    const peerLink = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
    context.send(peerLink, { kind: 'watch-links', watcher: context.self }, 'control');
    this.#founding.start();
    context.after(limits.tickMs, { kind: 'manager-tick' });
  }

  receive(message: ManagerMessage): void {
    this.#take(message);
    this.#settle();
  }

  turnEnded(): void {
    this.#tellPrimary(this.#readyNews.splice(0));
    this.#member?.driver.flush();
  }

  /** Who waits for this primary's word asks another one at once; local askers watch this incarnation. */
  stopped(): void {
    this.#member?.driver.close();
  }

  inspect(): Record<string, unknown> {
    const member = this.#member;
    const status = member?.driver.status;
    const deleting = [...(member?.machine.deleting() ?? [])];
    return {
      state: this.#founding.state,
      verdict: this.#founding.verdict ?? member?.driver.verdict ?? 'none',
      clusterId: this.#founding.founders?.clusterId,
      members: this.#founding.founders?.members.map((one) => one.node) ?? [],
      role: status?.role ?? 'none',
      term: status?.term ?? 0,
      leader: member?.driver.leaderNode,
      applied: member?.driver.applied ?? 0,
      durable: member?.driver.durable ?? 0,
      creating: member === undefined ? [] : [...member.machine.creating()],
      partitions: member?.machine.groups ?? 0,
      brokers: [...(member?.machine.brokers() ?? [])].map((broker) => ({
        ...broker,
        state: brokerState(broker),
      })),
      topics: [...(member?.machine.topics() ?? []), ...deleting].map(
        ({ name, state, storage, partitions }) => {
          const groups = partitions.map((partition) => partition.group);
          /** How often partitions lost all they had, and were begun anew. */
          const losses = partitions.reduce((sum, { generation = 0 }) => sum + generation, 0);
          return { name, state, storage: storage ?? 'disk', groups, losses };
        },
      ),
      deleting: deleting.map(({ name, partitions }) => {
        const groups = partitions.map((partition) => partition.group);
        return { name, groups, ...member?.machine.removal(name) };
      }),
      registered: member !== undefined && this.#isRegistered(member),
      replicas: this.#replicas.born,
      toStart: this.#replicas.toStart,
      /** Placed here under a journal that this node has lost; they stay out. */
      lostReplicas: this.#replicas.lost,
      /** In memory, damaged, and without a leader to heal from. */
      copiesLost: this.#replicas.copiesLost,
      copiesWaiting: this.#replicas.copiesWaiting,
      changes: this.#changes.size,
      barriers: this.#barriers.size,
      proposals: member?.primary.pending ?? 0,
      subscribers: this.#subscribers.size,
    };
  }

  /** For checkers: equal on all managers that have applied the same index. */
  stateHash(): string | undefined {
    return this.#member?.machine.stateHash();
  }

  #take(message: ManagerMessage): void {
    switch (message.kind) {
      case 'directory-subscribe':
        this.#subscribers.add(message.replyTo, () => this.#member?.machine.snapshotEvents() ?? []);
        return;
      case 'subscriber-gone':
        return this.#subscribers.gone(message.subscription);
      case 'directory-change':
        if (this.#serves(message)) this.#changes.ask(message);
        return;
      case 'directory-barrier':
        if (this.#serves(message)) this.#barriers.ask(message);
        return;
      case 'primary-answer':
        if (!this.#changes.answered(message)) this.#barriers.answered(message);
        return;
      case 'applied-answer':
        return this.#changes.heard(message);
      case 'applied-query':
        return this.#queries.ask(message, this.#appliedFor(message));
      case 'founder-hello':
        return this.#founding.hello(message);
      case 'founder-list':
        return this.#founding.list(message.text);
      case 'log-saved':
        return this.#founding.saved(message.name);
      case 'log-born':
        return this.#born(message.groups);
      case 'log-died':
        this.#replicas.died(message.groups);
        return this.#sayDead();
      case 'ids-in-use':
        return this.#unused.inUse(message);
      case 'cursors-held':
        return this.#unused.held(message);
      case 'copy-given-up':
        return this.#replicas.copyGivenUp(message.group);
      case 'leader-ready':
        return this.#leaderReady(message.group);
      case 'producers-forgotten':
        return this.#epochs.heard(message.group, message.epoch);
      case 'leader-lost':
        return this.#member?.leaderLost(message.group);
      case 'manager-tick':
        return this.#tick();
      case 'manager-slice':
        return this.#replicas.slice();
      case 'group-link':
        this.#links.set(message.node, message.up);
        if (message.up) this.#founding.linkUp(message.node);
        return this.#member?.handle(message);
      case 'primary-change':
        return this.#member?.primary.change(message);
      case 'primary-read':
        return this.#member?.primary.read(message);
      case 'partitions-ready':
        return this.#member?.partitionsReady(message.groups);
      case 'broker-health':
        return this.#member?.health(message);
      case 'group-raft':
      case 'group-incarnation':
      case 'group-tick':
      case 'group-rest':
      case 'group-opened':
      case 'group-written':
      case 'group-loaded':
      case 'group-damage':
        return this.#member?.handle(message);
    }
  }

  #settle(): void {
    const member = this.#member;
    if (member === undefined) return;
    const events = member.takeEvents();
    if (events.length > 0) {
      this.#subscribers.send(events);
      if (events.some((event) => event.kind === 'topic' && event.topic.state === 'creating')) {
        this.#tellReady();
      }
    }
    this.#changes.settle();
    this.#barriers.settle();
    this.#queries.applied(member.driver.applied);
    this.#replicas.settle(member.machine.copiesOf(this.#options.replica));
  }

  #tick(): void {
    const nowMs = this.#context.now();
    this.#context.after(this.#options.limits.tickMs, { kind: 'manager-tick' });
    this.#founding.tick(nowMs);
    this.#changes.tick(nowMs);
    this.#barriers.tick(nowMs);
    const member = this.#member;
    if (member === undefined) return;
    this.#register(member);
    this.#replicas.tick(nowMs, (command) => this.#changes.want(command));
    member.tick();
    this.#unused.tick(nowMs);
    this.#sayDead();
    this.#findStragglers(member, nowMs);
    if (!this.#repeats.due(nowMs)) return;
    this.#tellReady();
    member.repeat();
    this.#epochs.repeat(member.machine);
  }

  #sayDead(): void {
    this.#member?.sayDead((command) => this.#changes.want(command));
  }

  /** Also at the start: what this node missed while it was away may have been removed for good. */
  #findStragglers(member: Member, nowMs: number): void {
    if (nowMs < this.#stragglersMs || member.driver.leaderNode === undefined) return;
    const { managerStragglersMs, callDeadlineMs } = this.#options.limits;
    this.#stragglersMs = nowMs + managerStragglersMs;
    this.#barriers.confirm((holds) => {
      if (holds) member.confirmed();
      else this.#stragglersMs = nowMs + 2 * callDeadlineMs;
    });
  }

  #join(founders: Founders, founded: boolean): void {
    this.#member = new Member(this.#context, this.#options, founders, this.#replicas, {
      leaderChanged: () => {
        this.#changes.leaderChanged();
        this.#barriers.leaderChanged();
        this.#tellReady();
      },
    });
    // Nobody has led yet, and the others have just got their list from here: no need to wait for a timeout.
    if (founded) this.#member.driver.campaign();
  }

  #born(groups: readonly GroupId[]): void {
    if (groups.some((group) => group === 0)) this.#founding.born();
    this.#replicas.journaled(groups);
  }

  #leaderReady(group: GroupId): void {
    const member = this.#member;
    if (member === undefined) return;
    member.leaderReady(group);
    if (member.readiness.mustTell(group)) this.#readyNews.push(group);
  }

  #tellReady(): void {
    if (this.#member !== undefined) this.#tellPrimary(this.#member.readiness.toTell());
  }

  #tellPrimary(groups: readonly GroupId[]): void {
    const leader = this.#member?.driver.leaderNode;
    if (leader === undefined) return;
    const primary = refTo<ManagerMessage>(leader, managerActorId);
    const most = this.#options.limits.managerWordGroups;
    for (let at = 0; at < groups.length; at += most) {
      const message = { kind: 'partitions-ready', groups: groups.slice(at, at + most) } as const;
      this.#context.send(primary, message, 'control');
    }
  }

  /** The own copy shows this node as it is: its journal, where it is reached, and that it is a broker unless manual. */
  #isRegistered({ machine }: Member): boolean {
    const { node: name } = this.#context.self;
    const { replica, url, manual } = this.#options;
    const known = machine.node(name);
    const shown = known !== undefined && known.replica === replica && known.url === url;
    return shown && (manual || machine.broker(name) !== undefined);
  }

  #register(member: Member): void {
    if (this.#isRegistered(member) || member.driver.leaderNode === undefined || this.#registering()) return;
    const { replica, url, manual } = this.#options;
    const name = this.#context.self.node;
    this.#registering = this.#changes.want({ kind: 'register-node', name, replica, url, manual });
  }

  /** An outsider will never apply anything, and serves nothing that could be stale: nobody need wait for it. */
  #appliedFor({ index }: AppliedQuery): number {
    return this.#outside() === undefined ? (this.#member?.driver.applied ?? 0) : index;
  }

  #outside(): 'journal-lost' | 'not-a-member' | undefined {
    const verdict = this.#founding.verdict ?? this.#member?.driver.verdict;
    return verdict === 'journal-lost' || verdict === 'not-a-member' ? verdict : undefined;
  }

  #serves(message: Barrier | Change): boolean {
    const verdict = this.#outside();
    if (verdict === undefined) return true;
    const detail =
      verdict === 'journal-lost'
        ? 'its journal was lost or replaced, so it cannot know what it has promised'
        : 'it is not in the list of nodes that founded the cluster';
    const error = outsider(this.#context.self.node, detail);
    this.#context.send(
      message.replyTo,
      { kind: 'directory-answer', id: message.id, result: undefined, error },
      'control',
    );
    return false;
  }

  #view(): DirectoryView {
    return {
      leaderNode: () => this.#member?.driver.leaderNode,
      applied: () => this.#member?.driver.applied ?? 0,
      isCreating: (topic) => this.#member?.machine.topic(topic)?.state === 'creating',
      exists: (topic) => this.#member?.machine.topic(topic) !== undefined,
      deletingGroup: (topic) => this.#member?.machine.deletingGroup(topic),
      removal: (topic) => this.#member?.machine.removal(topic),
      isExpected: (broker) => {
        const known = this.#member?.machine.broker(broker);
        const { node } = this.#context.self;
        const isMember = this.#founding.founders?.members.some((member) => member.node === broker) === true;
        return (
          known?.replica === undefined && isMember && (broker === node || this.#links.get(broker) === true)
        );
      },
      audience: () => {
        const { node } = this.#context.self;
        const others = this.#founding.founders?.members.filter((member) => member.node !== node) ?? [];
        return others.map((member) => member.node).filter((other) => this.#takesPart(other));
      },
    };
  }

  /** Health knows of brokers only; of another node the link is all that is known. */
  #takesPart(node: string): boolean {
    return this.#member?.machine.broker(node)?.alive ?? this.#links.get(node) === true;
  }
}
