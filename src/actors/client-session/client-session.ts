/** ClientSession: the shell. See messages.ts. */
import type { Actor, Context } from '../../kernel/index.ts';
import { RateBudget, refTo, type SharedBudget } from '../../kernel/index.ts';
import {
  failure,
  toErrorReply,
  type CallError,
  type Limits,
  type OperatorFrame,
  type Subscribe,
} from '@callboard/client/protocol';
import { gatewayActorId, type Call, type CallAnswer, type GatewayMessage } from '../gateway/messages.ts';
import { managerActorId, type ManagerMessage } from '../manager/messages.ts';
import type { PartitionAnswer } from '../partition-replica/messages.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import { Operators } from './operators.ts';
import { PendingCalls, type Frame } from './calls.ts';
import { busy, tooManyOpens } from './errors.ts';
import type { ClientSessionMessage } from './messages.ts';
import { MetadataCalls, type Metadata } from './metadata-calls.ts';
import { isToPartition, PartitionCalls, type ToPartition } from './partition-calls.ts';
import type { ClientPort, SessionCount } from './port.ts';
import { ProducerIds } from './producer-ids.ts';
import type { RelayRoom } from './relay-room.ts';
import type { Route } from './routes.ts';
import { Subscriptions } from './subscriptions.ts';

type OfSubscription = Extract<Frame, { kind: 'credit' | 'ack' | 'unsubscribe' }>;

export interface ClientSessionOptions {
  readonly port: ClientPort;
  readonly limits: Limits;
  readonly count: SessionCount;
  readonly relays: RelayRoom;
  /** For subscriptions, by client address. */
  readonly places: SharedBudget;
  /** Whether this is the admin token. */
  readonly isAdmin: (token: string) => boolean;
  /** Whether a token may be looked at now, or too many wrong ones came from the client's address. */
  readonly mayTry: () => boolean;
  /** A token was wrong: `token-refused` comes for it in a while. */
  readonly wrong: (correlation: number) => void;
}

/** Pauses between looks at deadlines and at what was refused for now. */
const tickMs = 50;

/** For the gateway's answer at its own deadline, before it is taken to have lost the call. */
const gatewayGraceMs = 1_000;

/** What is answered by `done`. */
const done: ReadonlySet<string> = new Set(['admin', 'remove-topic', 'remove-consumer', 'remove-producer']);

export class ClientSession implements Actor<ClientSessionMessage> {
  readonly #port: ClientPort;
  readonly #limits: Limits;
  readonly #count: SessionCount;
  readonly #relays: RelayRoom;
  readonly #places: SharedBudget;
  readonly #tokens: Pick<ClientSessionOptions, 'isAdmin' | 'mayTry' | 'wrong'>;
  readonly #opens: RateBudget;
  #calls!: PendingCalls;
  #partitions!: PartitionCalls;
  #metadata!: MetadataCalls;
  #context!: Context<ClientSessionMessage>;
  #subscriptions!: Subscriptions;
  #operators!: Operators;
  /** Subscribes whose leader is being found. */
  #subscribing = new Set<number>();
  #ticking = false;
  /** A timer runs towards the next word of who is in use. */
  #watchesUse = false;
  /** The gateway's end will be told. */
  #watching = false;

  constructor({ port, limits, count, relays, places, ...tokens }: ClientSessionOptions) {
    this.#port = port;
    this.#limits = limits;
    this.#count = count;
    this.#relays = relays;
    this.#places = places;
    this.#tokens = tokens;
    this.#opens = new RateBudget({
      atOnce: limits.clientOpensAtOnce,
      perSecond: limits.clientOpensPerSecond,
    });
  }

  start(context: Context<ClientSessionMessage>): void {
    this.#context = context;
    this.#count.sessions += 1;
    const { clientPendingCalls: most, readBytes, recordBytes } = this.#limits;
    // Connections are numbered anew after a restart of the node: an answer to a call from before must find no taker.
    const firstId = Math.floor(context.random() * 2 ** 44);
    const expect = (bytes: number): void => this.#port.expect(bytes);
    const fetchBytes = Math.max(readBytes, recordBytes);
    const calls = new PendingCalls({ firstId, most, fetchBytes, expect });
    this.#calls = calls;
    this.#partitions = new PartitionCalls({
      context,
      port: this.#port,
      address: this.#port.address,
      producers: new ProducerIds(this.#limits),
      calls,
      share: () => this.#share(),
      route: (frame) => this.#route(frame),
    });
    this.#metadata = new MetadataCalls({
      port: this.#port,
      limits: this.#limits,
      share: () => this.#share(),
      ask: (frame) => {
        const { topics, from = 0, deleting = false } = frame;
        this.#call(frame, { op: 'locate', topics, from, deleting });
      },
    });
    this.#subscriptions = new Subscriptions({
      context,
      port: this.#port,
      limits: this.#limits,
      share: () => this.#share(),
      nextId: () => calls.drawId(),
      relays: this.#relays,
      places: this.#places,
      wake: () => void context.send(context.self, { kind: 'client-drained' }, 'control'),
      astray: (frame, route) => this.#partitions.forget(frame, route.node),
    });
    this.#operators = new Operators(context, {
      port: this.#port,
      ...this.#tokens,
      mostPending: this.#limits.clientPendingCalls,
      nextId: () => calls.drawId(),
      change: (frame, call) => this.#call(frame, call),
    });
    const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
    context.send(links, { kind: 'watch-links', watcher: context.self }, 'control');
  }

  receive(message: ClientSessionMessage): void {
    switch (message.kind) {
      case 'client-frame':
        this.#frame(message.frame);
        break;
      case 'client-drained':
        this.#drained();
        break;
      case 'session-tick':
        this.#tick();
        break;
      case 'session-used':
        this.#tellUse();
        break;
      case 'gateway-gone':
        this.#gatewayGone();
        break;
      case 'group-link':
        if (!message.up) this.#nodeLost(message.node);
        break;
      case 'call-answer':
        this.#called(message);
        break;
      case 'admin-answer':
        this.#operators.answered(message);
        break;
      case 'admin-traced':
        this.#operators.traced(message);
        break;
      case 'token-refused':
        this.#operators.refused(message.correlation);
        break;
      case 'admin-gone':
        this.#operators.adminGone();
        break;
      case 'push-opened':
      case 'push-ready':
      case 'pushed':
      case 'push-acked':
      case 'push-ack-refused':
      case 'push-ended':
        this.#subscriptions.news(message);
        break;
      default:
        this.#partitions.answered(message satisfies PartitionAnswer);
        if (this.#partitions.restless) this.#drained();
    }
    const waits = this.#partitions.restless || this.#metadata.waiting > 0 || this.#subscriptions.restless;
    const restless = this.#calls.size > 0 || waits;
    if (this.#ticking || !restless) return;
    this.#ticking = true;
    this.#context.after(tickMs, { kind: 'session-tick' });
  }

  stopped(): void {
    this.#count.sessions -= 1;
    this.#subscriptions.close();
    this.#port.end();
  }

  inspect(): Record<string, unknown> {
    return {
      pending: this.#calls.size,
      routes: this.#partitions.routes,
      ...this.#subscriptions.inspect(),
    };
  }

  /** What this connection may have asked for that has not left this process, in bytes. */
  #share(): number {
    const { clientUnsentBytes, nodeUnsentBytes, clientUnsentLeastBytes } = this.#limits;
    const equal = Math.floor(nodeUnsentBytes / this.#count.sessions);
    const ofAll = Math.min(clientUnsentBytes, Math.max(clientUnsentLeastBytes, equal));
    return Math.min(ofAll, this.#port.unsentShare());
  }

  #drained(): void {
    const now = this.#context.now();
    this.#partitions.drained(now, this.#limits.clientCallMs);
    this.#metadata.next();
    this.#metadata.expire(now, this.#limits.clientCallMs);
    this.#subscriptions.draw();
  }

  #frame(frame: Frame): void {
    switch (frame.kind) {
      case 'ping':
        this.#port.send({ kind: 'pong', correlation: frame.correlation });
        return;
      case 'metadata':
        return this.#askPlaces(frame);
      case 'create-topic':
        return this.#create(frame);
      case 'open-consumer':
        return this.#open(frame);
      case 'list-consumers':
        return this.#call(frame, { op: frame.kind, topic: frame.topic, after: frame.after });
      case 'describe-consumer':
        return this.#call(frame, { op: frame.kind, topic: frame.topic, consumer: frame.consumer });
      case 'produce':
      case 'fetch':
      case 'locate':
        return this.#partitions.ask(frame);
      case 'subscribe':
        return this.#subscribe(frame);
      case 'credit':
      case 'ack':
      case 'unsubscribe':
        return this.#ofSubscription(frame);
      default:
        return this.#operators.frame(frame satisfies OperatorFrame);
    }
  }

  #askPlaces(frame: Metadata): void {
    const refusal = this.#calls.refusal(this.#metadata.waiting);
    if (refusal !== undefined) this.#fail(frame.correlation, refusal);
    else this.#metadata.add(frame, this.#context.now());
  }

  #ofSubscription(frame: OfSubscription): void {
    if (frame.kind === 'credit') this.#subscriptions.credit(frame);
    else if (frame.kind === 'ack') this.#subscriptions.ack(frame);
    else this.#subscriptions.unsubscribe(frame);
  }

  #call(frame: Frame, call: Call): void {
    const refusal = this.#calls.refusal();
    if (refusal !== undefined) {
      this.#unrouted(frame, refusal);
      return;
    }
    const { self } = this.#context;
    const id = this.#calls.put({ frame, route: undefined, sinceMs: this.#context.now() });
    const gateway = refTo<GatewayMessage>(self.node, gatewayActorId);
    const deadlineMs = this.#limits.callDeadlineMs;
    const { address } = this.#port;
    const message = { kind: 'call', id, replyTo: self, deadlineMs, call, address } as const;
    const sent = this.#context.send(gateway, message);
    if (sent === 'accepted') {
      if (!this.#watching) this.#context.monitor(gateway, { kind: 'gateway-gone' });
      this.#watching = true;
      return;
    }
    this.#calls.take(id);
    this.#unrouted(frame, busy(sent, self.node));
  }

  #create(frame: Extract<Frame, { kind: 'create-topic' }>): void {
    if (frame.replicas !== undefined) {
      const message =
        "this release creates topics with the cluster's replication factor only; leave out replicas";
      this.#fail(frame.correlation, failure('bad_request', { message }));
      return;
    }
    const { topic: name, partitions, storage } = frame;
    this.#call(frame, {
      op: 'create-topic',
      name,
      partitions,
      ...(storage === undefined ? {} : { storage }),
    });
  }

  #open(frame: Extract<Frame, { kind: 'open-consumer' }>): void {
    const after = this.#opens.take('', 1, this.#context.now());
    if (after > 0) this.#fail(frame.correlation, tooManyOpens(this.#opens.rate, after));
    else {
      const { topic, consumer, opener } = frame;
      this.#call(frame, { op: 'open-consumer', topic, consumer, ...(opener !== undefined && { opener }) });
    }
  }

  #route(frame: ToPartition | Subscribe): void {
    const { topic, partition } = frame;
    const owner = frame.kind === 'subscribe' ? frame.owner : undefined;
    this.#call(frame, { op: 'route', topic, partition, owner });
  }

  #called(answer: CallAnswer): void {
    const pending = this.#calls.take(answer.id);
    if (pending === undefined) return;
    const { frame } = pending;
    const { correlation } = frame;
    const { value, error } = answer;
    if (error !== undefined) this.#unrouted(frame, error);
    else if (value?.op === 'list-consumers') {
      const { consumers, more } = value;
      // A long answer costs as much as the frames that it stands for.
      this.#port.spend(consumers.length / this.#limits.placesPerFrame);
      const list = { kind: 'consumer-list', correlation, consumers } as const;
      this.#port.send(more ? { ...list, more } : list);
    } else if (value?.op === 'describe-consumer') {
      const { over, sizes } = value;
      this.#port.spend(sizes.length / this.#limits.placesPerFrame);
      this.#port.send({ kind: 'consumer-detail', correlation, over, lags: sizes.map(({ size }) => size) });
    } else if (value?.op === 'create-topic') this.#port.send({ kind: 'topic-created', correlation });
    else if (value?.op === 'locate' && frame.kind === 'metadata') {
      this.#metadata.answered(frame, value.topics, value.next);
    } else if (value !== undefined && done.has(value.op)) {
      this.#port.send({ kind: 'done', correlation });
    } else if (value?.op === 'open-consumer') {
      const { session, partitions } = value;
      this.#port.send({ kind: 'consumer-opened', correlation, session, partitions });
    } else if (value?.op === 'route') this.#routed(frame, value);
    else throw new Error(`a session never asks for what '${value?.op}' answers`);
    if (frame.kind === 'metadata') this.#metadata.next();
  }

  #routed(frame: Frame, { group, node, since }: Route): void {
    const route: Route = { group, node, ...(since !== undefined && { since }) };
    if (frame.kind === 'subscribe') {
      this.#subscribing.delete(frame.correlation);
      this.#subscriptions.open(frame, route);
      this.#watchUse();
      return;
    }
    if (!isToPartition(frame)) throw new Error(`a '${frame.kind}' has no route`);
    this.#partitions.routed(frame, route);
  }

  /** The gateway found no leader, did not even try, or is silent: who waited for one is told why. */
  #unrouted(frame: Frame, error: CallError): void {
    if (frame.kind === 'metadata') this.#metadata.over();
    if (frame.kind === 'subscribe') this.#subscribing.delete(frame.correlation);
    if (isToPartition(frame)) this.#partitions.unrouted(frame, error);
    else this.#fail(frame.correlation, error);
  }

  #subscribe(frame: Subscribe): void {
    const refusal = this.#subscribing.has(frame.correlation)
      ? failure('bad_request', { message: `subscription ${frame.correlation} is being opened already` })
      : (this.#subscriptions.refusal(frame.correlation, this.#subscribing.size) ?? this.#calls.refusal());
    if (refusal !== undefined) {
      this.#fail(frame.correlation, refusal);
      return;
    }
    this.#subscribing.add(frame.correlation);
    // Asked each time, since the number of its session has to be known too.
    this.#route(frame);
  }

  /** Its next incarnation knows nothing of what this one was asked. */
  #gatewayGone(): void {
    this.#watching = false;
    for (const [{ frame }, error] of this.#calls.gatewayLost()) this.#unrouted(frame, error);
  }

  #nodeLost(node: string): void {
    this.#partitions.forgetNode(node);
    for (const [{ frame }, error] of this.#calls.lost(node)) this.#fail(frame.correlation, error);
    this.#subscriptions.nodeLost(node);
  }

  /** Whoever is subscribed is in use, also while nothing comes: the manager is told about twice an hour. */
  #watchUse(): void {
    if (this.#watchesUse || this.#subscriptions.owners().length === 0) return;
    this.#watchesUse = true;
    this.#context.after(this.#limits.useHourMs / 2, { kind: 'session-used' });
  }

  #tellUse(): void {
    this.#watchesUse = false;
    const consumers = this.#subscriptions.owners();
    const { usedIdsTogether } = this.#limits;
    const manager = refTo<ManagerMessage>(this.#context.self.node, managerActorId);
    for (let at = 0; at < consumers.length; at += usedIdsTogether) {
      const some = consumers.slice(at, at + usedIdsTogether);
      this.#context.send(manager, { kind: 'ids-in-use', producers: [], consumers: some });
    }
    this.#watchUse();
  }

  #tick(): void {
    this.#ticking = false;
    const now = this.#context.now();
    for (const [{ frame }, error] of this.#calls.late(now, this.#limits.clientCallMs)) {
      this.#fail(frame.correlation, error);
    }
    const gatewayMs = this.#limits.callDeadlineMs + gatewayGraceMs;
    for (const [{ frame }, error] of this.#calls.unanswered(now, gatewayMs)) this.#unrouted(frame, error);
    this.#subscriptions.expire(now);
    this.#drained();
  }

  #fail(correlation: number, error: CallError): void {
    this.#port.send(toErrorReply(correlation, error));
  }
}
