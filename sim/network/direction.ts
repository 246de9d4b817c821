/**
 * One direction between two nodes: what it costs a frame to get there, and what may be wrong with the way. Both sockets
 * keep their order; the bulk socket has a bandwidth, the control socket overtakes it.
 */
import type { LinkLane } from '@callboard/client/protocol';
import type { NetworkSettings } from '../settings.ts';
import type { SimRandom } from '../ports/sim-random.ts';

export class Direction {
  readonly from: string;
  readonly to: string;
  readonly #settings: NetworkSettings;
  readonly #random: SimRandom;
  readonly #arrival: Record<LinkLane, number> = { control: 0, bulk: 0 };
  /** When the bulk socket has got rid of what it was given. */
  #bulkFreeAt = 0;
  /** Nothing gets through. */
  cut = false;
  /** Nothing that is large gets through: beats and votes do. */
  bulkCut = false;
  /** Added to every frame. */
  clogMicros = 0;
  /** On their way. */
  bytes = 0;

  constructor(from: string, to: string, settings: NetworkSettings, random: SimRandom) {
    this.from = from;
    this.to = to;
    this.#settings = settings;
    this.#random = random;
  }

  stops(lane: LinkLane): boolean {
    return this.cut || (this.bulkCut && lane === 'bulk');
  }

  /** When a frame given to the socket now arrives; strictly rising per socket. */
  arrivalOf(lane: LinkLane, bytes: number, nowMicros: number): number {
    let leaves = nowMicros;
    if (lane === 'bulk') {
      leaves =
        Math.max(nowMicros, this.#bulkFreeAt) + Math.ceil((bytes * 1_000) / this.#settings.bulkBytesPerMs);
      this.#bulkFreeAt = leaves;
    }
    const time = leaves + this.latencyMicros();
    const arrival = Math.max(time, this.#arrival[lane] + 1);
    this.#arrival[lane] = arrival;
    return arrival;
  }

  latencyMicros(): number {
    const { latencyMs, jitterMs } = this.#settings;
    return Math.ceil((latencyMs + jitterMs * this.#random.next()) * 1_000) + this.clogMicros;
  }

  /** A new connection begins with empty sockets. */
  reset(): void {
    this.#bulkFreeAt = 0;
    this.bytes = 0;
  }
}
