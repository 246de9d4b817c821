/**
 * One partition of a consumer on the wire: subscribes at its leader, verifies what is delivered, grants credit as the user takes
 * records, commits acknowledgements, and subscribes again wherever the leader is when any of that ends.
 */
import type { Connection, Stream } from '../core/connection.ts';
import type { Core } from '../core/core.ts';
import { backOff, type Timer } from '../core/platform.ts';
import { CallboardError } from '../errors.ts';
import {
  generationOf,
  clientLimits,
  failure,
  offset,
  WireError,
  type ChunkHeader,
  type Delivery,
  type Failure,
  type Position,
  type SessionOf,
  type Subscribed,
} from '../protocol/index.ts';
import { Feed } from './feed.ts';
import { Ledger } from './ledger.ts';
import { ReceivedChunk, verified, type ChainLink } from './received-chunk.ts';

export interface SubscriptionHost<T> {
  readonly core: Core;
  readonly topic: string;
  readonly owner: SessionOf | undefined;
  readonly start: Position;
  readonly creditRecords: number;
  readonly creditBytes: number;
  readonly decode: ((bytes: Uint8Array) => T) | undefined;
  /** Records have come. */
  arrived(feed: Feed<T>): void;
  /** Nothing more can come: of this partition, and so of the consumer. */
  failed(problem: Failure): void;
}

interface Seek {
  readonly to: Position;
  readonly resolve: () => void;
  readonly reject: (error: CallboardError) => void;
}

/** A subscription that lived for so long was no failure. */
const settledMs = 5_000;

export class Subscription<T> implements Stream {
  readonly feed: Feed<T>;
  readonly #host: SubscriptionHost<T>;
  readonly #partition: number;
  #state: 'idle' | 'opening' | 'open' | 'pausing' | 'ended' = 'idle';
  #connection: Connection | undefined;
  #number = 0;
  #ledger: Ledger | undefined;
  /** The next offset that the wire will bring, and the next that is not here yet: redelivered records are below it. */
  #wire = 0;
  #received: number | undefined;
  #chain: ChainLink | undefined;
  /** Whose records were received. A topic that is removed and created anew has other groups, and offsets that mean other records. */
  #group: number | undefined;
  /** Granted and not used, as far as this side knows. */
  #creditRecords = 0;
  #creditBytes = 0;
  /** Held by chunks that wait for the user. */
  #heldRecords = 0;
  #heldBytes = 0;
  #freedRecords = 0;
  #freedBytes = 0;
  #seek: Seek | undefined;
  #failures = 0;
  #openedMs = 0;
  #committing = false;
  #timer: Timer | undefined;
  #ackTimer: Timer | undefined;
  /** Until when a first try to reach the leader itself is waited for. */
  #directUntilMs: number | undefined;

  constructor(host: SubscriptionHost<T>, partition: number) {
    this.#host = host;
    this.#partition = partition;
    this.feed = new Feed(partition, (records, bytes) => this.#consumed(records, bytes));
  }

  /** Subscribes, if it can and has to. */
  pump(): void {
    if (this.#state !== 'idle') return;
    const { core, topic, owner, start } = this.#host;
    if (this.#waitsForDirect()) return;
    const connection = core.route(topic, this.#partition);
    if (connection === undefined || !connection.hasRoom) return;
    this.#state = 'opening';
    this.#connection = connection;
    this.#creditRecords = Math.max(0, this.#host.creditRecords - this.#heldRecords);
    this.#creditBytes = Math.max(0, this.#host.creditBytes - this.#heldBytes);
    this.#freedRecords = 0;
    this.#freedBytes = 0;
    const seek = this.#seek;
    // Where a durable consumer goes on is its cursor's business; a reader remembers itself.
    const resumes = owner === undefined && this.#received !== undefined;
    const from: Position = resumes ? { at: 'offset', value: this.#received ?? 0 } : (seek?.to ?? start);
    const number: number = connection.call(
      {
        kind: 'subscribe',
        topic,
        partition: this.#partition,
        ...(owner === undefined ? {} : { owner }),
        start: from,
        reset: seek !== undefined && owner !== undefined,
        creditRecords: this.#creditRecords,
        creditBytes: this.#creditBytes,
      },
      {
        answer: 'subscribed',
        answered: (frame) => {
          if (this.#is(connection, number)) this.#subscribed(frame, seek);
        },
        failed: (problem) => {
          if (this.#is(connection, number)) this.ended(problem);
        },
      },
    );
    this.#number = number;
    connection.attach(number, this);
  }

  /** What was received counts no more. */
  #reset(): void {
    this.#ledger?.forget();
    this.#ledger = undefined;
    this.feed.clear();
    this.#received = undefined;
    this.#group = undefined;
    this.#heldRecords = 0;
    this.#heldBytes = 0;
  }

  /** Moves to another position; resolves when the cluster has done so. */
  seek(to: Position): Promise<void> {
    return new Promise((resolve, reject) => {
      const earlier = this.#seek;
      this.#leave();
      this.#reset();
      this.#seek = { to, resolve, reject };
      // Overtaken before it was done: the one who asked is where he now wants to be, no sooner.
      earlier?.resolve();
      this.#timer?.cancel();
      this.#state = 'idle';
      this.pump();
    });
  }

  /** Hands over again what is not acknowledged; to a reader, what lies from `failed` on. */
  rewind(failed: number | undefined): void {
    const { next } = this.feed;
    const target = this.#ledger?.cursor ?? failed;
    if (this.#state === 'ended' || next === undefined || target === undefined || target >= next) return;
    this.#leave();
    this.feed.clear(target);
    this.#received = target;
    this.#heldRecords = 0;
    this.#heldBytes = 0;
    if (this.#state === 'pausing') return;
    this.#timer?.cancel();
    this.#state = 'idle';
    this.pump();
  }

  /** Records that wait for the user, or for his acknowledgement; undefined: the position is not known yet. */
  get lag(): number | undefined {
    const { next, end } = this.feed;
    return next === undefined ? undefined : (this.#ledger?.open(end) ?? Math.max(0, end - next));
  }

  /** Resolves when everything acknowledged so far is committed. */
  flushed(): Promise<void> {
    return this.#ledger?.flushed() ?? Promise.resolve();
  }

  end(problem: Failure): void {
    if (this.#state === 'ended') return;
    this.#leave();
    this.#state = 'ended';
    this.#timer?.cancel();
    this.#ackTimer?.cancel();
    this.#ledger?.fail(problem);
    this.#seek?.reject(new CallboardError(problem));
    this.#seek = undefined;
  }

  delivered({ chunks, end }: Delivery): void {
    if (this.#state !== 'open') throw new WireError('frame_invalid', 'a delivery before the subscription');
    this.feed.end = Math.max(this.feed.end, end);
    const before = this.#received;
    try {
      for (const bytes of chunks) if (!this.#chunk(bytes, end)) return;
    } finally {
      if (this.#received !== before) this.#host.arrived(this.feed);
    }
  }

  /** The node ended it, or the connection ended. */
  ended(problem: Failure): void {
    if (this.#state !== 'open' && this.#state !== 'opening') return;
    this.#connection = undefined;
    this.#ackTimer?.cancel();
    this.#ledger?.missed();
    // A partition out of service must not end the reading of the others; it goes on once an operator has mended it.
    if (!problem.retriable && problem.code !== 'partition_quarantined') {
      this.#host.failed(problem);
      return;
    }
    const { core, topic } = this.#host;
    if (this.#state === 'open' && core.platform.now() - this.#openedMs > settledMs) this.#failures = 0;
    this.#failures += 1;
    this.#state = 'pausing';
    core.topology.refresh(topic);
    if (this.#failures === 3) {
      const { code, message: reason } = problem;
      core.status({ kind: 'stalled', topic, partition: this.#partition, code, reason });
    }
    const { retryMs, retryMaxMs } = clientLimits;
    const pause = backOff(core.platform, this.#failures, retryMs, retryMaxMs);
    this.#pauseFor(Math.max(pause, problem.retryAfterMs ?? 0));
  }

  /** Answers of subscriptions that were left mean nothing. */
  #is(connection: Connection, number: number): boolean {
    return connection === this.#connection && number === this.#number;
  }

  #pauseFor(ms: number): void {
    this.#timer = this.#host.core.platform.setTimer(ms, () => {
      if (this.#state === 'pausing') this.#state = 'idle';
      this.pump();
    });
  }

  /** The leader is being looked up, or tried for the first time: once served through another node, it would stay there. */
  #waitsForDirect(): boolean {
    const { core, topic } = this.#host;
    if (core.topology.view(topic) === undefined) return true;
    if (!core.settling(topic, this.#partition)) return false;
    const nowMs = core.platform.now();
    if (this.#directUntilMs === undefined) {
      this.#directUntilMs = nowMs + clientLimits.directWaitMs;
      this.#timer = core.platform.setTimer(clientLimits.directWaitMs, () => this.pump());
    }
    return nowMs < this.#directUntilMs - 1;
  }

  #leave(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#ackTimer?.cancel();
    if (connection?.open !== true || (this.#state !== 'open' && this.#state !== 'opening')) return;
    connection.detach(this.#number);
    connection.call({ kind: 'unsubscribe', subscription: this.#number }, unsubscribedReply);
  }

  #subscribed({ offset: from, end }: Subscribed, seek: Seek | undefined): void {
    const { core, topic, owner } = this.#host;
    if (this.#received !== undefined && generationOf(from) > generationOf(this.#received)) {
      // A partition in memory that lost its copies and was begun anew: whatever was here of it is of the past.
      this.#reset();
    }
    if (this.#received !== undefined && from > this.#received) {
      const message = `partition ${this.#partition} of '${topic}' goes on at offset ${from}, but nothing from ${this.#received} on was delivered`;
      this.#host.failed(failure('internal', { message }));
      return;
    }
    if (this.#received !== undefined && from < this.#received && this.#group === undefined) {
      // A cursor never goes back, and nothing was delivered since.
      this.#isAnother();
      return;
    }
    this.#state = 'open';
    this.#openedMs = core.platform.now();
    this.#wire = from;
    this.#chain = undefined;
    this.feed.end = Math.max(this.feed.end, end);
    if (this.#received === undefined) {
      this.#received = from;
      this.feed.next = from;
      const name = `partition ${this.#partition} of '${topic}'`;
      const { platform, deadlineMs } = core;
      const host = { platform, deadlineMs, name, wake: () => this.#commitSoon() };
      this.#ledger = new Ledger(host, from, owner !== undefined);
    } else this.#ledger?.resumed(from);
    if (seek !== undefined && seek === this.#seek) {
      this.#seek = undefined;
      seek.resolve();
    }
    // Credit that came free while the answer was on its way.
    this.#grant();
    this.#commit();
  }

  #isAnother(): void {
    const { topic } = this.#host;
    const message = `topic '${topic}' was removed, and another one was created under its name; open the consumer again to read that one`;
    this.#host.failed(failure('topic_not_found', { message }));
  }

  /** False: nothing more is taken, this consumer has failed. */
  #chunk(bytes: Uint8Array, end: number): boolean {
    if (this.#creditRecords <= 0 || this.#creditBytes <= 0) {
      throw new WireError('frame_invalid', 'a delivery beyond the credit');
    }
    const header = verified(bytes, this.#chain, this.#host.core.platform.crc32);
    const { baseOffset, recordCount, headerChecksum: checksum, group, term, index } = header;
    if (this.#group !== undefined && this.#group !== group) {
      this.#isAnother();
      return false;
    }
    this.#group = group;
    const chunkEnd = baseOffset + recordCount;
    // Only the first chunk may begin below what was asked for.
    const fits = this.#chain === undefined ? baseOffset <= this.#wire : baseOffset === this.#wire;
    if (!fits || chunkEnd <= this.#wire) {
      const message = `offsets ${baseOffset} to ${chunkEnd - 1} were delivered where ${this.#wire} comes next`;
      throw new WireError('frame_invalid', message);
    }
    this.#chain = { group, term, index, checksum };
    const records = chunkEnd - this.#wire;
    this.#wire = chunkEnd;
    this.#creditRecords -= records;
    this.#creditBytes -= bytes.byteLength;
    const from = chunkEnd - records;
    this.#keep(bytes, header, records, end);
    const { core, topic, owner } = this.#host;
    core.diagnostics.tell('callboard:deliver', () => ({
      topic,
      partition: this.#partition,
      consumer: owner?.consumer,
      offset: from,
      records,
      bytes: bytes.byteLength,
      end,
    }));
    return true;
  }

  #keep(bytes: Uint8Array, header: ChunkHeader, records: number, end: number): void {
    const received = this.#received ?? 0;
    this.#heldRecords += records;
    this.#heldBytes += bytes.byteLength;
    const chunkEnd = header.baseOffset + header.recordCount;
    if (chunkEnd <= received || this.#ledger === undefined) {
      this.#consumed(records, bytes.byteLength);
      return;
    }
    const { topic, decode } = this.#host;
    const where = { topic, partition: this.#partition, ledger: this.#ledger, decode };
    this.feed.put(new ReceivedChunk(where, bytes, header, received, records, end));
    this.#received = chunkEnd;
  }

  #consumed(records: number, bytes: number): void {
    this.#heldRecords -= records;
    this.#heldBytes -= bytes;
    this.#freedRecords += records;
    this.#freedBytes += bytes;
    const { creditRecords, creditBytes } = this.#host;
    // Half a window at a time: few frames, and the node never runs dry.
    if (this.#freedRecords * 2 >= creditRecords || this.#freedBytes * 2 >= creditBytes) this.#grant();
  }

  #grant(): void {
    const connection = this.#connection;
    if (this.#state !== 'open' || connection?.open !== true || this.#freedBytes === 0) return;
    connection.credit(this.#number, this.#freedRecords, this.#freedBytes);
    this.#creditRecords += this.#freedRecords;
    this.#creditBytes += this.#freedBytes;
    this.#freedRecords = 0;
    this.#freedBytes = 0;
  }

  #commit(): void {
    const ledger = this.#ledger;
    const connection = this.#connection;
    if (this.#state !== 'open' || connection?.open !== true) return;
    const upTo = ledger?.due;
    if (ledger === undefined || upTo === undefined || !connection.hasRoom) return;
    ledger.leaves(upTo);
    const number = this.#number;
    const current = (): boolean => ledger === this.#ledger && this.#is(connection, number);
    connection.call(
      { kind: 'ack', subscription: this.#number, upTo: offset(upTo) },
      {
        answer: 'acked',
        answered: ({ cursor }) => {
          if (!current()) return;
          ledger.committed(cursor);
          this.#traceAck(cursor);
          this.#commit();
        },
        failed: (problem) => {
          if (!current()) return;
          ledger.missed();
          if (problem.code === 'fenced') this.#host.failed(problem);
          else this.#commitLater(problem);
        },
      },
    );
  }

  #traceAck(cursor: number): void {
    const { core, topic, owner } = this.#host;
    if (owner === undefined) return;
    const { consumer } = owner;
    const partition = this.#partition;
    core.diagnostics.tell('callboard:ack', () => ({ topic, partition, consumer, cursor }));
  }

  /** After what the user does in this turn: one frame for all that he acknowledges in it. */
  #commitSoon(): void {
    if (this.#committing) return;
    this.#committing = true;
    this.#host.core.platform.soon(() => {
      this.#committing = false;
      this.#commit();
    });
  }

  #commitLater({ retryAfterMs = clientLimits.retryMs * 5 }: Failure): void {
    this.#ackTimer = this.#host.core.platform.setTimer(retryAfterMs, () => this.#commit());
  }
}

const unsubscribedReply = {
  answer: 'unsubscribed' as const,
  answered: () => undefined,
  failed: () => undefined,
};
