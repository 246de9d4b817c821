/**
 * What a leader knows of one follower.
 *
 * - probe: where the logs agree is not known; one append at a time, and no more until it is answered or a heartbeat is.
 * - replicate: the logs agree up to `next - 1` unless something was lost; appends are pipelined within the window.
 * - loading: as replicate, but the entries at `next` are no longer in memory and were asked from the store.
 */
import type { LogIndex, ReplicaId } from '@callboard/client/protocol';
import { assert } from './assert.ts';
import { lower, noIndex, toIndex } from './brand-arithmetic.ts';
import type { FollowerStatus, RaftLimits } from './core-contract.ts';
import { Window } from './window.ts';

export class Progress {
  readonly replica: ReplicaId;
  readonly window: Window;
  #match: LogIndex = noIndex;
  #next: LogIndex;
  #probing = true;
  #stream = 0;
  #damaged = false;
  /** Probe only: an append is under way. */
  paused = false;
  loadId: number | undefined;
  /** Highest commit index told in an append. */
  toldCommit: LogIndex = noIndex;
  /** Newest heartbeat round that this follower answered while undamaged. */
  context = 0;
  /** Tick at which it was last heard in this term. */
  heardAt: number;

  constructor(replica: ReplicaId, last: LogIndex, now: number, limits: RaftLimits) {
    this.replica = replica;
    this.#next = toIndex(last + 1);
    this.heardAt = now;
    this.window = new Window(limits.inflightMessages, limits.inflightBytes);
  }

  get match(): LogIndex {
    return this.#match;
  }

  get next(): LogIndex {
    return this.#next;
  }

  /** How often the place was looked for anew; what was sent before the last time is in flight no more. */
  get stream(): number {
    return this.#stream;
  }

  get probing(): boolean {
    return this.#probing;
  }

  get damaged(): boolean {
    return this.#damaged;
  }

  get state(): FollowerStatus['state'] {
    if (this.loadId !== undefined) return 'loading';
    return this.#probing ? 'probe' : 'replicate';
  }

  /** An append that ends at `last` was sent. */
  sent(last: LogIndex, bytes: number): void {
    if (this.#probing) {
      this.paused = true;
      return;
    }
    this.window.add(last, bytes);
    this.#next = toIndex(last + 1);
  }

  /** The follower is durable and equal up to `index`. True if that is news. */
  acked(index: LogIndex): boolean {
    this.#damaged = false;
    const advanced = index > this.#match;
    if (advanced) this.#match = index;
    this.window.freeUpTo(index);
    if (this.#probing && (advanced || index === this.#next - 1)) {
      this.#replicateFrom(toIndex(this.#match + 1));
    } else if (this.#next <= this.#match) this.#next = toIndex(this.#match + 1);
    this.#check();
    return advanced;
  }

  /** A damaged follower took everything up to `index`: it moves the stream on, and counts for nothing. */
  stored(index: LogIndex, itsLast: LogIndex): void {
    if (!this.#damaged) this.foundDamaged(itsLast);
    this.window.freeUpTo(index);
    if (this.#probing && index >= this.#next - 1) this.#replicateFrom(toIndex(index + 1));
    else if (this.#next <= index) this.#next = toIndex(index + 1);
    this.#check();
  }

  /**
   * The follower lost something that it had acked. Its promises stand, for it votes by them, but what is on its disk
   * is less; so this leader forgets the match and finds the place anew. A match falls here and in `restarted` only.
   */
  foundDamaged(itsLast: LogIndex): void {
    this.#damaged = true;
    this.#match = noIndex;
    this.probeFrom(lower(this.#next, toIndex(itsLast + 1)));
  }

  /** A new incarnation: it may be damaged, and will say so; until it acks again it counts for nothing. */
  restarted(): void {
    this.#damaged = false;
    this.#match = noIndex;
    this.probeFrom(this.#next);
  }

  /** It is whole again, and will say how far with its next ack. */
  foundWhole(): void {
    this.#damaged = false;
  }

  /** What was in flight is lost; wait for a sign of life before sending more. */
  linkLost(): void {
    if (this.#probing || this.#damaged) return;
    this.probeFrom(toIndex(this.#match + 1));
    this.paused = true;
  }

  /**
   * A rejection of what was sent before the window was last given up, that an ack contradicts, or that answers another probe than the
   * present one. One lost append has all those behind it rejected, so of a full window only the first rejection says anything. If it
   * is the ack that is no longer true, since the follower has lost something, its next heartbeat answer says so; until then wait.
   */
  isStaleReject(index: LogIndex, stream: number): boolean {
    if (stream !== this.#stream || index <= this.#match) return true;
    return this.#probing && index !== this.#next - 1;
  }

  probeFrom(next: LogIndex): void {
    this.#probing = true;
    this.#stream += 1;
    this.paused = false;
    this.loadId = undefined;
    this.window.clear();
    this.#next = next > this.#match ? next : toIndex(this.#match + 1);
    this.#check();
  }

  #replicateFrom(next: LogIndex): void {
    this.#probing = false;
    this.paused = false;
    this.loadId = undefined;
    this.window.clear();
    this.#next = next;
  }

  #check(): void {
    assert(this.#next > this.#match, 'R8: next lies above match', this.replica, this.#next, this.#match);
  }
}
