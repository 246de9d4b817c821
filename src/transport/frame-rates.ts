/**
 * How many frames clients may have handled per second: of one connection, and of all of a node, shared by client address.
 *
 * An address that is active has its share of the node's rate for certain; what others leave of theirs goes into a pool that anybody may
 * draw from, so one alone may have all. Who has used up what there is is not read from until there is more: nothing is refused, and
 * nobody is cut off. Then all connections of the address wait, or each would bring in one more read of its socket, and they go on in turn.
 */
import type { Limits } from '@callboard/client/protocol';
import type { Clock, ClockTimer } from '../kernel/ports.ts';

/**
 * Pauses between looks. Only then is there more: if it came while frames are handled, a node that is slow, or just started, would
 * go on with what it has read for ever.
 */
const tickMs = 20;
/** Of one address, that go on in one look after its frames have run out: each may bring a whole read of its socket. Then twice as many. */
const firstTurns = 1;
/** An address without a frame for so many looks has no share. */
const activeTicks = 50;

export interface RatedConnection {
  /** Nothing more is read. */
  halt(): void;
  /** What was read and not handled may be, as far as there is room; then more may be read. */
  proceed(): void;
}

type RateLimits = Pick<Limits, 'clientFramesPerSecond' | 'nodeFramesPerSecond' | 'framesAtOnce'>;

/** One connection's. */
export class FrameGate {
  readonly address: AddressRate;
  readonly connection: RatedConnection;
  tokens = 0;
  sinceMs = 0;
  /** A frame was handled since it was its turn. */
  used = false;
  readonly #rates: FrameRates;

  constructor(rates: FrameRates, address: AddressRate, connection: RatedConnection) {
    this.#rates = rates;
    this.address = address;
    this.connection = connection;
  }

  /** Whether a frame may be handled now. If not, `proceed` is called when it is this connection's turn, unless it has left. */
  take(): boolean {
    return this.#rates.take(this);
  }

  /** What was handled has cost as much as so many frames more, or less than was thought. */
  spend(frames: number): void {
    this.tokens -= frames;
    this.address.tokens -= frames;
  }

  leave(): void {
    this.#rates.leave(this);
  }
}

class AddressRate {
  readonly name: string;
  tokens: number;
  idleTicks = 0;
  readonly reading: Set<FrameGate> = new Set();
  /** In the order in which they go on; first those that were halted by others' frames before they sent any. */
  readonly first: Set<FrameGate> = new Set();
  readonly waiting: Set<FrameGate> = new Set();
  turns: number = firstTurns;

  /** `tokens`: for a start, since it has no share before its first frame. */
  constructor(name: string, tokens: number) {
    this.name = name;
    this.tokens = tokens;
  }

  get size(): number {
    return this.reading.size + this.halted;
  }

  get halted(): number {
    return this.first.size + this.waiting.size;
  }

  *inTurn(): Iterable<FrameGate> {
    yield* this.first;
    yield* this.waiting;
  }
}

export class FrameRates {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #addresses = new Map<string, AddressRate>();
  /** Those that have a share. */
  readonly #active = new Set<AddressRate>();
  /** What nobody has used of his share. */
  #pool = 0;
  #sinceMs: number;
  #tick: ClockTimer | undefined;

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#pool = limits.framesAtOnce;
    this.#sinceMs = clock.now();
  }

  join(name: string, connection: RatedConnection): FrameGate {
    const known = this.#addresses.get(name);
    const address = known ?? new AddressRate(name, this.#limits.framesAtOnce / 8);
    if (known === undefined) this.#addresses.set(name, address);
    const gate = new FrameGate(this, address, connection);
    gate.tokens = this.#limits.framesAtOnce;
    gate.sinceMs = this.#clock.now();
    address.reading.add(gate);
    return gate;
  }

  take(gate: FrameGate): boolean {
    const { address } = gate;
    gate.used = true;
    address.idleTicks = 0;
    if (this.#tick === undefined) this.#begin();
    this.#active.add(address);
    if (gate.tokens >= 1 && this.#takeOf(address)) {
      gate.tokens -= 1;
      return true;
    }
    if (gate.tokens < 1) {
      this.#refillGate(gate, this.#clock.now());
      if (gate.tokens >= 1) return this.take(gate);
    } else {
      // All of the address wait, or each would bring in a read of its own.
      address.turns = firstTurns;
      for (const one of [...address.reading]) this.#halt(one);
    }
    this.#halt(gate);
    return false;
  }

  leave(gate: FrameGate): void {
    const { address } = gate;
    address.reading.delete(gate);
    address.first.delete(gate);
    address.waiting.delete(gate);
    if (address.size > 0) return;
    this.#active.delete(address);
    this.#addresses.delete(address.name);
  }

  close(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  #takeOf(address: AddressRate): boolean {
    if (address.tokens >= 1) address.tokens -= 1;
    // Debts are paid from the own share first.
    else if (address.tokens >= 0 && this.#pool >= 1) this.#pool -= 1;
    else return false;
    return true;
  }

  #halt(gate: FrameGate): void {
    const { reading, first, waiting } = gate.address;
    if (!reading.delete(gate)) return;
    (gate.used ? waiting : first).add(gate);
    gate.connection.halt();
  }

  /** After a rest, in which nobody has used anything. */
  #begin(): void {
    this.#refill(this.#clock.now());
    this.#tick = this.#clock.setTimer(tickMs, () => this.#look());
  }

  #look(): void {
    this.#tick = undefined;
    const now = this.#clock.now();
    this.#refill(now);
    for (const address of this.#active) {
      address.idleTicks += 1;
      if (address.halted === 0 && address.idleTicks > activeTicks) this.#active.delete(address);
    }
    if (this.#active.size > 0) this.#tick = this.#clock.setTimer(tickMs, () => this.#look());
    // Each is the first in its turn to what others have left.
    const [first] = this.#active;
    if (first !== undefined && this.#active.delete(first)) this.#active.add(first);
    for (const address of this.#active) {
      let { turns } = address;
      address.turns = Math.min(2 * turns, address.size);
      for (const gate of [...address.inTurn()]) {
        if (turns === 0 || address.tokens < 0 || (address.tokens < 1 && this.#pool < 1)) break;
        this.#refillGate(gate, now);
        // One that was halted again was not the last to be so.
        if (gate.tokens < 1 || !(address.first.delete(gate) || address.waiting.delete(gate))) continue;
        turns -= 1;
        address.reading.add(gate);
        gate.used = false;
        gate.connection.proceed();
      }
    }
  }

  #refillGate(gate: FrameGate, now: number): void {
    const { clientFramesPerSecond, framesAtOnce } = this.#limits;
    const more = ((now - gate.sinceMs) / 1_000) * clientFramesPerSecond;
    gate.tokens = Math.min(framesAtOnce, gate.tokens + more);
    gate.sinceMs = now;
  }

  /** Shares out what has come since the last time. */
  #refill(now: number): void {
    const { nodeFramesPerSecond, framesAtOnce } = this.#limits;
    const come = ((now - this.#sinceMs) / 1_000) * nodeFramesPerSecond;
    if (come < 1) return;
    this.#sinceMs = now;
    const share = come / Math.max(1, this.#active.size);
    let over = this.#active.size === 0 ? come : 0;
    for (const address of this.#active) {
      const tokens = address.tokens + share;
      address.tokens = Math.min(framesAtOnce, tokens);
      over += tokens - address.tokens;
    }
    this.#pool = Math.min(framesAtOnce, this.#pool + over);
  }
}
