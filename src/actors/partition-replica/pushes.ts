/**
 * The leader's subscriptions: chunks go out as they were stored, as soon as they are committed, as far as each subscriber has asked.
 * See push-messages.ts for what is said.
 *
 * A durable consumer's subscription begins with a command: once `attach` is applied, lower sessions are fenced, the cursor is known, and
 * everything that was committed before is applied here, so the answer is as good as a ReadIndex. An anonymous reader's begins with
 * ReadIndex. What is delivered later is committed, whoever leads by then; a cursor moves only by a command.
 */
import { SharedBudget, type Ref, type SendResult } from '../../kernel/index.ts';
import {
  encodeCursorCommand,
  fromEnd,
  type Attach,
  type Attached,
  type Reset,
} from '../../partition/index.ts';
import {
  failure,
  logIndex,
  offset,
  readChunkHeader,
  type CallError,
  type LogIndex,
  type Offset,
  type Position,
} from '@callboard/client/protocol';
import {
  attachError,
  deposedError,
  fencedError,
  notDeliveredError,
  replacedError,
  tooManySubscriptions,
} from './push-errors.ts';
import type { ChunkRange, ChunksThen } from './log-reads.ts';
import { PushAcks } from './push-acks.ts';
import type { PushAck, PushClose, PushNews, PushOpen, PushPull, PushRequest } from './push-messages.ts';
import { cut, PushTail, type Stretch, type TailChunk } from './push-tail.ts';
import type { Place } from './queries.ts';
import { subscriptionKey, type Subscription } from './subscription.ts';

export interface PushHost {
  readonly limits: {
    readonly partitionSubscriptions: number;
    readonly pushPullChunks: number;
    readonly pushRoundAcks: number;
    readonly pushTailBytes: number;
    readonly entryOverheadBytes: number;
    readonly readBytes: number;
  };
  /** End of the records that are applied. */
  end(): Offset;
  /** End of the records that can be read from this replica's disk. */
  readableEnd(): Offset;
  place(position: Position, then: (place: Place) => void): void;
  chunks(range: ChunkRange, then: ChunksThen): boolean;
  propose(body: Uint8Array): { readonly index: LogIndex } | { readonly error: CallError };
  damaged(index: LogIndex): void;
  /** Somebody at `address` moved the consumer's cursor. */
  reset(consumer: string, reset: Reset, address: string): void;
  send(to: Ref<PushNews>, news: PushNews): SendResult;
  /** Has somebody who outlives this replica tell it. */
  leave(to: Ref<PushNews>, news: PushNews): void;
  leader(): string | undefined;
}

export class PushDesk {
  readonly #host: PushHost;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Durable consumers by name: at most one subscription each is alive. */
  readonly #owners = new Map<string, Subscription>();
  /** Asked for, and not yet attached; by key. Closed in the meantime: no longer here. */
  readonly #opening = new Map<string, PushOpen>();
  readonly #attaching = new Map<LogIndex, PushOpen>();
  /** Those that want what comes next: a pull is open, or its end was not told. */
  readonly #hungry = new Set<Subscription>();
  /** Of subscriptions and those that are being opened, by client address. */
  readonly #seats: SharedBudget;
  readonly #tail: PushTail;
  readonly #acks: PushAcks;
  /** Something was applied, or somebody who was blocked may go on: `settle` has work. */
  #news = false;
  /** News that a full link has not taken, in order: whoever waits for them would wait for ever. */
  #untold: { readonly to: Ref<PushNews>; readonly news: PushNews }[] = [];
  /** Somebody hungry waits for this disk, for a link or for the reader. */
  #blocked = false;

  constructor(host: PushHost) {
    const { pushTailBytes, entryOverheadBytes, pushRoundAcks, partitionSubscriptions } = host.limits;
    this.#host = host;
    this.#seats = SharedBudget.of(partitionSubscriptions);
    this.#tail = new PushTail(pushTailBytes, entryOverheadBytes);
    this.#acks = new PushAcks({
      mostAtOnce: pushRoundAcks,
      propose: (advances) => host.propose(encodeCursorCommand({ kind: 'advances', advances })),
      acked: ({ id, replyTo }, cursor) => this.#tell(replyTo, { kind: 'push-acked', id, cursor }),
      refused: ({ id, replyTo }, error) => this.#tell(replyTo, { kind: 'push-ack-refused', id, error }),
      fenced: (subscription) => this.#end(subscription, fencedError(subscription.owner)),
    });
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Somebody waits to be stirred. */
  get blocked(): boolean {
    return this.#blocked;
  }

  inspect(): Record<string, number> {
    return { subscriptions: this.size, pushTailBytes: this.#tail.bytes };
  }

  handle(request: PushRequest): void {
    switch (request.kind) {
      case 'push-open':
        return this.#open(request);
      case 'push-pull':
        return this.#pull(request);
      case 'push-ack':
        return this.#ack(request);
      case 'push-close':
        return this.#close(request);
    }
  }

  /** A chunk of records was applied. */
  committed(chunk: TailChunk): void {
    if (this.#subscriptions.size === 0) return;
    this.#tail.push(chunk);
    this.#news = true;
  }

  attached(index: LogIndex, consumer: string, result: Attached): void {
    const request = this.#attaching.get(index);
    this.#attaching.delete(index);
    if (request === undefined) return;
    if (result.ok && result.reset !== undefined) this.#host.reset(consumer, result.reset, addressOf(request));
    const wanted = this.#opening.delete(subscriptionKey(request));
    const older = result.ok ? this.#owners.get(consumer) : undefined;
    if (older !== undefined) {
      // A late one of the same session, whose client has gone on over another connection, takes nothing from anybody.
      const again = older.owner?.session === request.owner?.session;
      if (!again) this.#end(older, fencedError(older.owner, result.ok ? result.reset : undefined));
      else if (wanted) this.#end(older, replacedError());
    }
    if (!wanted) return;
    if (result.ok) this.#begin(request, offset(result.cursor), this.#host.end());
    else this.#refuse(request, attachError(request, result));
  }

  advanced(index: LogIndex, results: Parameters<PushAcks['applied']>[1]): void {
    this.#acks.applied(index, results);
  }

  /** Records were taken over HTTP from behind this consumer's session. */
  taken(consumer: string): void {
    const subscription = this.#owners.get(consumer);
    if (subscription !== undefined) this.#end(subscription, fencedError(subscription.owner));
  }

  /** At the end of a turn: tells and serves whoever waits for what was applied or became readable in it. */
  settle(): void {
    if (!this.#news) return;
    this.#news = false;
    for (const subscription of this.#hungry) this.#serve(subscription);
  }

  /** More can be read from this replica's disk, or some time has passed: a full link or reader may have room again. */
  stir(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#news = true;
    const untold = this.#untold;
    this.#untold = [];
    for (const { to, news } of untold) this.#tell(to, news);
  }

  /** Nobody there can be reached any more, and whoever comes back begins anew. */
  nodeLost(node: string): void {
    for (const subscription of [...this.#subscriptions.values()]) {
      if (subscription.replyTo.node === node) this.#remove(subscription);
    }
    for (const [key, request] of this.#opening) {
      if (request.replyTo.node !== node) continue;
      this.#opening.delete(key);
      this.#seats.give(addressOf(request), 1);
    }
    this.#untold = this.#untold.filter(({ to }) => to.node !== node);
  }

  /** The replica ends, and a full link may not have taken what its subscribers wait for. */
  close(): void {
    this.abandon();
    for (const { to, news } of this.#untold) this.#host.leave(to, news);
    this.#untold = [];
  }

  /** The leadership ended. */
  abandon(): void {
    const error = deposedError(this.#host.leader());
    this.#acks.abandon();
    const attaching = new Set(this.#attaching.values());
    this.#attaching.clear();
    for (const request of this.#opening.values()) {
      // An attach that was proposed may yet fence the others and move the cursor.
      this.#refuse(request, attaching.has(request) ? { ...error, outcome: 'unknown' } : error);
    }
    this.#opening.clear();
    for (const subscription of [...this.#subscriptions.values()]) this.#end(subscription, error);
    this.#tail.clear();
  }

  #open(request: PushOpen): void {
    const { start, owner } = request;
    const key = subscriptionKey(request);
    if (this.#subscriptions.has(key) || this.#opening.has(key)) {
      throw new Error(`the subscription ${key} was opened twice`);
    }
    const most = this.#host.limits.partitionSubscriptions;
    if (!this.#seats.take(addressOf(request), 1)) {
      const error = tooManySubscriptions(most, this.#seats.held(addressOf(request)));
      this.#tell(request.replyTo, { kind: 'push-ended', id: request.id, error, leader: this.#host.leader() });
      return;
    }
    this.#opening.set(key, request);
    if (owner === undefined || start.at === 'time') {
      this.#host.place(start, (place) => this.#placed(request, place));
    } else this.#attach(request, { earliest: 0, latest: fromEnd, offset: start.value }[start.at]);
  }

  #placed(request: PushOpen, place: Place): void {
    const key = subscriptionKey(request);
    if (this.#opening.get(key) !== request) return;
    if ('error' in place) {
      this.#opening.delete(key);
      this.#refuse(request, place.error);
    } else if (request.owner !== undefined) this.#attach(request, place.offset);
    else {
      this.#opening.delete(key);
      const { start } = request;
      if (start.at === 'offset' && start.value > place.end) {
        this.#refuse(request, attachError(request, { ok: false, why: 'beyond-end', end: place.end }));
      } else this.#begin(request, place.offset, place.end);
    }
  }

  #attach(request: PushOpen, start: number): void {
    const { owner, reset, since } = request;
    if (owner === undefined) throw new Error('an anonymous reader has nothing to attach');
    const attach: Attach = { ...owner, start, reset, ...(since !== undefined && { since }) };
    const proposed = this.#host.propose(encodeCursorCommand({ kind: 'attach', attach }));
    if ('index' in proposed) this.#attaching.set(proposed.index, request);
    else {
      this.#opening.delete(subscriptionKey(request));
      this.#refuse(request, proposed.error);
    }
  }

  #begin(request: PushOpen, from: Offset, end: Offset): void {
    const { id, replyTo, owner } = request;
    const subscription: Subscription = {
      id,
      replyTo,
      owner,
      address: addressOf(request),
      next: from,
      at: undefined,
      told: end,
      pull: undefined,
      reading: false,
    };
    this.#subscriptions.set(subscriptionKey(request), subscription);
    if (owner !== undefined) this.#owners.set(owner.consumer, subscription);
    this.#hungry.add(subscription);
    this.#tell(replyTo, { kind: 'push-opened', id, offset: from, end });
  }

  #pull(request: PushPull): void {
    const subscription = this.#subscriptions.get(subscriptionKey(request));
    if (subscription === undefined) {
      this.#unknown(request);
      return;
    }
    subscription.pull = { records: request.records, bytes: request.bytes };
    this.#hungry.add(subscription);
    this.#serve(subscription);
  }

  #ack(request: PushAck): void {
    const { id, replyTo, upTo } = request;
    const subscription = this.#subscriptions.get(subscriptionKey(request));
    if (subscription === undefined) {
      this.#unknown(request);
      return;
    }
    const { owner, next } = subscription;
    if (owner === undefined || upTo > next) {
      const error = notDeliveredError(upTo, next);
      this.#tell(replyTo, { kind: 'push-ack-refused', id, error });
    } else this.#acks.add(subscription, { ...owner, upTo });
  }

  #close(request: PushClose): void {
    const key = subscriptionKey(request);
    const opening = this.#opening.get(key);
    if (opening !== undefined) this.#seats.give(addressOf(opening), 1);
    this.#opening.delete(key);
    const subscription = this.#subscriptions.get(key);
    if (subscription !== undefined) this.#remove(subscription);
  }

  #serve(subscription: Subscription): void {
    if (subscription.reading) return;
    const { id, replyTo, next, pull } = subscription;
    const end = this.#host.end();
    if (next >= end) return;
    if (pull === undefined) {
      if (subscription.told < end) {
        const sent = this.#host.send(replyTo, { kind: 'push-ready', id, end });
        if (!this.#wasSent(subscription, sent)) return;
        subscription.told = end;
      }
      this.#hungry.delete(subscription);
      return;
    }
    const stretch = this.#tail.from(next, { ...pull, chunks: this.#host.limits.pushPullChunks });
    if (stretch === undefined) this.#read(subscription, pull);
    else this.#hand(subscription, stretch);
  }

  #read(subscription: Subscription, pull: Pick<PushPull, 'records' | 'bytes'>): void {
    const { next, at } = subscription;
    const upTo = this.#host.readableEnd();
    if (next >= upTo) {
      // Committed on other disks before it is durable on this one.
      this.#blocked = true;
      return;
    }
    const maxBytes = Math.min(pull.bytes, this.#host.limits.readBytes);
    const maxChunks = this.#host.limits.pushPullChunks;
    const range = { offset: next, upTo, maxBytes, maxChunks, ...(at === undefined ? {} : { at }) };
    const key = subscriptionKey(subscription);
    subscription.reading = this.#host.chunks(range, (chunks, damaged) => {
      subscription.reading = false;
      if (this.#subscriptions.get(key) !== subscription) return;
      if (damaged !== undefined) {
        this.#end(subscription, failure('replica_damaged', { outcome: 'not_applied' }));
        this.#host.damaged(damaged);
        return;
      }
      const bounds = { ...pull, chunks: maxChunks };
      const stretch = cut(chunks.map(tailChunk), 0, next, bounds);
      if (stretch === undefined) throw new Error(`a read from offset ${next} brought no records`);
      this.#hand(subscription, stretch);
    });
    if (!subscription.reading) this.#blocked = true;
  }

  #hand(subscription: Subscription, { chunks, records, next, lastIndex }: Stretch): void {
    const { id, replyTo } = subscription;
    const end = this.#host.end();
    const sent = this.#host.send(replyTo, { kind: 'pushed', id, end, next, records, chunks });
    if (!this.#wasSent(subscription, sent)) return;
    subscription.pull = undefined;
    subscription.told = end;
    subscription.next = next;
    subscription.at = logIndex(lastIndex + 1);
    if (next < end) this.#hungry.delete(subscription);
  }

  /** At a full link the subscription waits, hungry, until it is stirred. */
  #wasSent(subscription: Subscription, sent: SendResult): boolean {
    if (sent === 'full') this.#blocked = true;
    if (sent === 'gone') this.#remove(subscription);
    return sent === 'accepted';
  }

  /** Its end is on the way to the subscriber, or was lost with an earlier incarnation of this replica. */
  #unknown({ id, replyTo }: PushPull | PushAck): void {
    const leader = this.#host.leader();
    this.#tell(replyTo, { kind: 'push-ended', id, error: deposedError(leader), leader });
  }

  /** What must arrive as long as the link stands. */
  #tell(to: Ref<PushNews>, news: PushNews): void {
    if (this.#untold.length === 0 && this.#host.send(to, news) !== 'full') return;
    this.#untold.push({ to, news });
    this.#blocked = true;
  }

  #refuse(request: PushOpen, error: CallError): void {
    const { id, replyTo } = request;
    this.#seats.give(addressOf(request), 1);
    this.#tell(replyTo, { kind: 'push-ended', id, error, leader: this.#host.leader() });
  }

  #end(subscription: Subscription, error: CallError): void {
    const { id, replyTo } = subscription;
    this.#remove(subscription);
    this.#tell(replyTo, { kind: 'push-ended', id, error, leader: this.#host.leader() });
  }

  #remove(subscription: Subscription): void {
    const { owner, address } = subscription;
    if (this.#subscriptions.delete(subscriptionKey(subscription))) this.#seats.give(address, 1);
    if (owner !== undefined && this.#owners.get(owner.consumer) === subscription) {
      this.#owners.delete(owner.consumer);
    }
    this.#hungry.delete(subscription);
    this.#acks.forget(subscription);
    if (this.#subscriptions.size === 0) this.#tail.clear();
  }
}

function addressOf({ address = '' }: PushOpen): string {
  return address;
}

function tailChunk(bytes: Uint8Array): TailChunk {
  const { index, baseOffset, recordCount } = readChunkHeader(bytes);
  return { index, baseOffset, end: offset(baseOffset + recordCount), bytes };
}
