/** The calls of one connection that wait for an answer of the gateway or of a partition, each with its deadline. */
import type { AnyClientFrame, CallError } from '@callboard/client/protocol';
import { gatewayLost, gatewaySilent, lateCall, lostCall, tooManyPending } from './errors.ts';
import type { Route } from './routes.ts';

export type Frame = Exclude<AnyClientFrame, { kind: 'hello' }>;

export interface PendingCall {
  readonly frame: Frame;
  /** Where it was sent; undefined: to this node's gateway. */
  readonly route: Route | undefined;
  readonly sinceMs: number;
}

/** Frames that the gateway turns into changes; whoever waits for a route has changed nothing yet. */
const changing: ReadonlySet<Frame['kind']> = new Set([
  'create-topic',
  'open-consumer',
  'change-broker',
  'remove-topic',
  'remove-consumer',
  'remove-producer',
]);

export interface PendingCallsOptions {
  readonly firstId: number;
  readonly most: number;
  readonly fetchBytes: number;
  /** So many bytes more, or less, will come for the connection. */
  expect(bytes: number): void;
}

export class PendingCalls {
  readonly #pending = new Map<number, PendingCall>();
  readonly #most: number;
  #lastId: number;
  readonly #expect: (bytes: number) => void;
  /** What the answer to one fetch brings at most. */
  readonly fetchBytes: number;
  #fetches = 0;

  constructor({ firstId, most, fetchBytes, expect }: PendingCallsOptions) {
    this.#lastId = firstId;
    this.#most = most;
    this.fetchBytes = fetchBytes;
    this.#expect = expect;
  }

  /** What the fetches that are not answered may bring. */
  get fetchedBytes(): number {
    return this.#fetches * this.fetchBytes;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** A number that this connection has not used before. */
  drawId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Why there is no room for one more; undefined: there is. `waiting`: calls that are not put yet. */
  refusal(waiting = 0): CallError | undefined {
    return this.size + waiting >= this.#most ? tooManyPending(this.#most) : undefined;
  }

  put(call: PendingCall): number {
    const id = this.drawId();
    this.#pending.set(id, call);
    this.#count(call, 1);
    return id;
  }

  take(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    if (call !== undefined) this.#drop(id, call);
    return call;
  }

  /** Takes out what was asked of `node`, with what is to be told of it. */
  lost(node: string): readonly (readonly [PendingCall, CallError])[] {
    return this.#takeWhere(({ route }) => route?.node === node).map((call) => [
      call,
      lostCall(node, call.frame.kind === 'produce'),
    ]);
  }

  /** Takes out what has waited for `afterMs`. */
  late(nowMs: number, afterMs: number): readonly (readonly [PendingCall, CallError])[] {
    return this.#takeWhere(({ route, sinceMs }) => route !== undefined && sinceMs + afterMs <= nowMs).map(
      (call) => [call, lateCall(call.route?.node ?? '', afterMs, call.frame.kind === 'produce')],
    );
  }

  /** Takes out all that the gateway was asked, which has ended. */
  gatewayLost(): readonly (readonly [PendingCall, CallError])[] {
    return this.#takeWhere(({ route }) => route === undefined).map((call) => [
      call,
      gatewayLost(changing.has(call.frame.kind)),
    ]);
  }

  /** Takes out what the gateway, which keeps a deadline of its own, has not answered for `afterMs`. */
  unanswered(nowMs: number, afterMs: number): readonly (readonly [PendingCall, CallError])[] {
    return this.#takeWhere(({ route, sinceMs }) => route === undefined && sinceMs + afterMs <= nowMs).map(
      (call) => [call, gatewaySilent(afterMs, changing.has(call.frame.kind))],
    );
  }

  #takeWhere(test: (call: PendingCall) => boolean): PendingCall[] {
    const taken: PendingCall[] = [];
    for (const [id, call] of this.#pending) {
      if (!test(call)) continue;
      this.#drop(id, call);
      taken.push(call);
    }
    return taken;
  }

  #drop(id: number, call: PendingCall): void {
    this.#pending.delete(id);
    this.#count(call, -1);
  }

  #count({ frame, route }: PendingCall, change: 1 | -1): void {
    if (frame.kind !== 'fetch' || route === undefined) return;
    this.#fetches += change;
    this.#expect(change * this.fetchBytes);
  }
}
