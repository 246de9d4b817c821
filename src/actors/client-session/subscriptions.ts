/**
 * The subscriptions of one connection: draws chunks from the partitions' leaders as the client's credit and the connection's room
 * allow, and hands them on as they come.
 *
 * What was drawn and has not left this process is bounded for the connection as a whole, and whose turn it is goes round: a client
 * that does not read stops its own drawing and nothing else.
 */
import { refTo, type Context, type Ref, type SharedBudget } from '../../kernel/index.ts';
import {
  toErrorReply,
  type Ack,
  type CallError,
  type Credit,
  type GroupId,
  type Limits,
  type Offset,
  type Subscribe,
  type Unsubscribe,
} from '@callboard/client/protocol';
import type { ConsumerRef } from '../../directory/index.ts';
import { partitionActorId, type PartitionReplicaMessage } from '../partition-replica/messages.ts';
import type {
  PushAck,
  PushClose,
  PushNews,
  Pushed,
  PushOpen,
  PushPull,
} from '../partition-replica/push-messages.ts';
import { Acks } from './acks.ts';
import {
  busy,
  lateCall,
  lostSubscription,
  notOpen,
  overAcked,
  tooManyAcks,
  tooManyOfAddress,
  tooManySubscribed,
} from './errors.ts';
import { NewestEnds } from './newest-ends.ts';
import type { ClientPort } from './port.ts';
import type { RelayRoom, RelayUser } from './relay-room.ts';
import type { Route } from './routes.ts';
import { newSubscribed, wants, type Subscribed } from './subscribed.ts';

type Body<M> = M extends unknown ? Omit<M, 'id' | 'replyTo'> : never;
type Request = Body<PushOpen | PushPull | PushAck | PushClose>;

export interface SubscriptionsOptions {
  readonly context: Context<never>;
  readonly port: ClientPort;
  readonly limits: Limits;
  /** Of all sessions of the node, for their subscriptions. */
  readonly places: SharedBudget;
  /** What this connection may have drawn and not sent, in bytes. */
  share(): number;
  nextId(): number;
  readonly relays: RelayRoom;
  /** Has the session draw again, in a turn of its own. */
  wake(): void;
  /** A route that led nowhere. */
  astray(frame: Subscribe, route: Route): void;
}

export class Subscriptions implements RelayUser {
  readonly #options: SubscriptionsOptions;
  readonly #byId = new Map<number, Subscribed>();
  readonly #byCorrelation = new Map<number, Subscribed>();
  /** Not answered yet, the oldest first. */
  readonly #opening = new Set<Subscribed>();
  readonly #ended = new NewestEnds();
  readonly #acks: Acks;
  /** Those that have something to draw, the next one first. */
  #turns: Subscribed[] = [];
  /** Of pulls that are open. */
  #pulledBytes = 0;
  /** What came while the connection was full, in order. */
  #held: { readonly subscription: Subscribed; readonly pushed: Pushed }[] = [];

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#acks = new Acks({
      port: options.port,
      send: (subscription, upTo) => this.#ask(subscription, { kind: 'push-ack', upTo }),
    });
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether time alone may change something: an answer is awaited, or somebody waits for room. */
  get restless(): boolean {
    return this.#opening.size > 0 || this.#turns.length > 0 || this.#held.length > 0;
  }

  inspect(): Record<string, number> {
    return {
      subscriptions: this.size,
      pulledBytes: this.#pulledBytes,
      heldDeliveries: this.#held.length,
      pendingAcks: this.#acks.size,
    };
  }

  /** Whether one more is within the connection's bounds; else why not. `waiting`: subscribes on their way here. */
  refusal(correlation: number, waiting: number): CallError | undefined {
    const { clientSubscriptions } = this.#options.limits;
    if (this.size + waiting >= clientSubscriptions) return tooManySubscribed(clientSubscriptions);
    return this.#byCorrelation.has(correlation) ? notOpen(correlation, 'is open already') : undefined;
  }

  /** The consumers that subscriptions here belong to, each once. */
  owners(): readonly ConsumerRef[] {
    const owners = new Map<string, ConsumerRef>();
    for (const { frame, state } of this.#byId.values()) {
      if (frame.owner === undefined || state === 'closing') continue;
      const { topic, owner } = frame;
      owners.set(`${topic}/${owner.consumer}`, { id: owner.consumer, topic });
    }
    return [...owners.values()];
  }

  open(frame: Subscribe, route: Route): void {
    const { correlation, owner, start, reset } = frame;
    const subscription = newSubscribed(this.#options.nextId(), frame, {
      route,
      nowMs: this.#options.context.now(),
    });
    const { port, places, limits } = this.#options;
    const { address } = port;
    if (!places.take(address, 1)) {
      this.#tell(correlation, tooManyOfAddress(places.held(address), limits.nodeSubscriptions));
      return;
    }
    const sent = this.#ask(subscription, {
      kind: 'push-open',
      owner,
      start,
      reset,
      address,
      ...(route.since !== undefined && { since: route.since }),
    });
    if (sent === 'accepted') {
      this.#byId.set(subscription.id, subscription);
      this.#opening.add(subscription);
      this.#byCorrelation.set(correlation, subscription);
      return;
    }
    places.give(address, 1);
    if (sent === 'gone') this.#options.astray(frame, route);
    this.#tell(correlation, busy(sent, route.node));
  }

  /** For a subscription that has ended it means nothing. */
  credit({ correlation, records, bytes }: Credit): void {
    const subscription = this.#byCorrelation.get(correlation);
    if (subscription === undefined) return;
    subscription.creditRecords = Math.min(Number.MAX_SAFE_INTEGER, subscription.creditRecords + records);
    subscription.creditBytes = Math.min(Number.MAX_SAFE_INTEGER, subscription.creditBytes + bytes);
    this.#queue(subscription);
    this.draw();
  }

  ack({ correlation, subscription: name, upTo }: Ack): void {
    const subscription = this.#byCorrelation.get(name);
    const { clientPendingAcks } = this.#options.limits;
    if (subscription === undefined || subscription.state !== 'open') {
      this.#tell(correlation, this.#ended.find(name) ?? notOpen(name, 'is not open on this connection'));
    } else if (subscription.frame.owner === undefined || upTo > subscription.next) {
      const durable = subscription.frame.owner !== undefined;
      this.#tell(correlation, overAcked(upTo, subscription.next, durable));
    } else if (this.#acks.size >= clientPendingAcks) {
      this.#tell(correlation, tooManyAcks(clientPendingAcks));
    } else {
      this.#acks.add(subscription, { correlation, upTo });
    }
  }

  unsubscribe({ correlation, subscription: name }: Unsubscribe): void {
    const subscription = this.#byCorrelation.get(name);
    if (subscription === undefined || subscription.state === 'closing') {
      this.#tell(correlation, this.#ended.find(name) ?? notOpen(name, 'is not open on this connection'));
      return;
    }
    subscription.unsubscribe = correlation;
    if (subscription.state === 'open') subscription.state = 'closing';
    this.#closeIfDone(subscription);
  }

  news(message: PushNews): void {
    const subscription = this.#byId.get(message.id);
    if (subscription === undefined) return;
    switch (message.kind) {
      case 'push-opened':
        return this.#opened(subscription, message.offset, message.end);
      case 'push-ready':
        subscription.end = message.end;
        this.#queue(subscription);
        return this.draw();
      case 'pushed':
        this.#release(subscription);
        this.#held.push({ subscription, pushed: message });
        return this.draw();
      case 'push-acked':
        this.#acks.acked(subscription, message.cursor);
        return this.#closeIfDone(subscription);
      case 'push-ack-refused':
        this.#acks.refused(subscription, message.error);
        return this.#closeIfDone(subscription);
      case 'push-ended':
        if (message.error.code === 'not_leader') {
          this.#options.astray(subscription.frame, subscription.route);
        }
        return this.#end(subscription, message.error);
    }
  }

  /** Sends what is held, then draws more, as far as the connection and the links have room. */
  draw(): void {
    this.#sendHeld();
    const { port, relays } = this.#options;
    const share = this.#options.share();
    const parked: Subscribed[] = [];
    const refused = new Set<string>();
    let next = this.#turns.shift();
    for (; next !== undefined; next = this.#turns.shift()) {
      next.queued = false;
      if (!wants(next)) continue;
      if (this.#held.length > 0 || this.#pulledBytes + port.bufferedBytes() >= share) {
        port.whenBelow(share / 2);
        parked.push(next);
        break;
      }
      const { node } = next.route;
      if (this.#isRemote(next.route) && !relays.take(node, this)) {
        refused.add(node);
        parked.push(next);
      } else if (!this.#pull(next, share)) {
        // Refused for now: the session's tick draws again.
        parked.push(next);
        break;
      }
    }
    relays.settle(this, refused);
    for (const subscription of parked) subscription.queued = true;
    this.#turns = [...parked, ...this.#turns];
  }

  wake(): void {
    this.#options.wake();
  }

  /** False: the partition's mailbox or its link is full. */
  #pull(subscription: Subscribed, share: number): boolean {
    const { creditBytes, creditRecords: records, route } = subscription;
    const bytes = Math.min(creditBytes, this.#options.limits.pushPullBytes, share);
    const sent = this.#ask(subscription, { kind: 'push-pull', records, bytes });
    if (sent !== 'accepted' && this.#isRemote(route)) this.#options.relays.release(route.node);
    if (sent === 'gone') this.#lost(subscription);
    if (sent === 'accepted') {
      subscription.pulling = bytes;
      subscription.expected = Math.max(bytes, this.#options.limits.recordBytes);
      this.#pulledBytes += bytes;
      this.#options.port.expect(subscription.expected);
    }
    return sent !== 'full';
  }

  /** Gives up those that were asked for long ago and not answered. */
  expire(nowMs: number): void {
    const { clientCallMs } = this.#options.limits;
    for (const subscription of this.#opening) {
      if (subscription.sinceMs + clientCallMs > nowMs) return;
      this.#ask(subscription, { kind: 'push-close' });
      this.#end(
        subscription,
        unanswered(subscription, lateCall(subscription.route.node, clientCallMs, false)),
      );
    }
  }

  /** The link to `node` closed. */
  nodeLost(node: string): void {
    for (const subscription of [...this.#byId.values()]) {
      if (subscription.route.node === node) this.#lost(subscription);
    }
  }

  /** The connection is gone. */
  close(): void {
    for (const subscription of this.#byId.values()) {
      this.#ask(subscription, { kind: 'push-close' });
      this.#release(subscription);
    }
    const { places, port, relays } = this.#options;
    relays.settle(this, new Set());
    places.give(port.address, this.#byId.size);
    this.#byId.clear();
    this.#byCorrelation.clear();
    this.#turns = [];
    this.#held = [];
  }

  #opened(subscription: Subscribed, offset: Offset, end: Offset): void {
    subscription.state = 'open';
    this.#opening.delete(subscription);
    subscription.next = offset;
    subscription.end = end;
    const { correlation } = subscription;
    this.#options.port.send({ kind: 'subscribed', correlation, offset, end });
    if (subscription.unsubscribe === undefined) this.#queue(subscription);
    else {
      subscription.state = 'closing';
      this.#closeIfDone(subscription);
    }
    this.draw();
  }

  #sendHeld(): void {
    const { port } = this.#options;
    const room = this.#options.share();
    while (this.#held.length > 0 && port.bufferedBytes() < room) {
      const next = this.#held.shift();
      if (next !== undefined) this.#deliver(next.subscription, next.pushed);
    }
    if (this.#held.length > 0) port.whenBelow(room / 2);
  }

  #deliver(subscription: Subscribed, { end, next, records, chunks }: Pushed): void {
    if (subscription.state !== 'open') return;
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    subscription.creditRecords -= records;
    subscription.creditBytes -= bytes;
    subscription.next = next;
    subscription.end = end;
    this.#options.port.send({ kind: 'delivery', correlation: subscription.correlation, end, chunks });
    this.#queue(subscription);
  }

  #queue(subscription: Subscribed): void {
    if (subscription.queued || !wants(subscription)) return;
    subscription.queued = true;
    this.#turns.push(subscription);
  }

  /** The pull of `subscription`, if one is open, is over. */
  #release(subscription: Subscribed): void {
    const { pulling, route } = subscription;
    if (pulling === 0) return;
    subscription.pulling = 0;
    this.#pulledBytes -= pulling;
    this.#options.port.expect(-subscription.expected);
    if (this.#isRemote(route)) this.#options.relays.release(route.node);
  }

  #isRemote({ node }: Route): boolean {
    return node !== this.#options.context.self.node;
  }

  #closeIfDone(subscription: Subscribed): void {
    const { unsubscribe, state, acks } = subscription;
    if (unsubscribe === undefined || state !== 'closing' || acks.length > 0) return;
    this.#ask(subscription, { kind: 'push-close' });
    this.#forget(subscription);
    this.#options.port.send({ kind: 'unsubscribed', correlation: unsubscribe });
  }

  /** Its leader cannot be reached: what it was asked is in doubt. */
  #lost(subscription: Subscribed): void {
    this.#options.astray(subscription.frame, subscription.route);
    this.#end(subscription, unanswered(subscription, lostSubscription(subscription.route.node)));
  }

  #end(subscription: Subscribed, error: CallError): void {
    const { correlation, unsubscribe } = subscription;
    this.#acks.end(subscription, error);
    this.#forget(subscription);
    this.#ended.put(correlation, error);
    if (unsubscribe === undefined) this.#tell(correlation, error);
    else this.#options.port.send({ kind: 'unsubscribed', correlation: unsubscribe });
    this.draw();
  }

  #forget(subscription: Subscribed): void {
    if (this.#byId.delete(subscription.id)) this.#options.places.give(this.#options.port.address, 1);
    this.#opening.delete(subscription);
    this.#byCorrelation.delete(subscription.correlation);
    this.#held = this.#held.filter((held) => held.subscription !== subscription);
    this.#turns = this.#turns.filter((turn) => turn !== subscription);
    this.#release(subscription);
    subscription.state = 'closing';
  }

  #tell(correlation: number, error: CallError): void {
    this.#options.port.send(toErrorReply(correlation, error));
  }

  #ask(subscription: Subscribed, request: Request): 'accepted' | 'full' | 'gone' {
    const { context } = this.#options;
    const { group, node } = subscription.route;
    const message = { ...request, id: subscription.id, replyTo: context.self as Ref<PushNews> };
    return context.send(
      partitionOf(node, group),
      message,
      request.kind === 'push-close' ? 'control' : 'data',
    );
  }
}

/** A consumer's subscription that was asked for and not answered may yet fence the others and move the cursor. */
function unanswered({ state, frame }: Subscribed, error: CallError): CallError {
  return state === 'opening' && frame.owner !== undefined ? { ...error, outcome: 'unknown' } : error;
}

function partitionOf(node: string, group: GroupId): Ref<PartitionReplicaMessage> {
  return refTo<PartitionReplicaMessage>(node, partitionActorId(group));
}
