/**
 * The link between two nodes: up or down at each end by itself, since the two ends learn of a break at different times.
 *
 * A connection has a generation. A frame is delivered only to an end that is up in the frame's generation when it comes in, so
 * an end that has heard of the break takes nothing of that connection any more, and one that has not yet still does.
 * Inputs of a process that is paused wait in its clock, in order, frames and news alike, as they would in its sockets.
 */
import type { LinkLane } from '@callboard/client/protocol';
import type { Report } from '../observe/report.ts';
import type { SimClock } from '../ports/sim-clock.ts';
import type { SimLoop } from '../ports/sim-loop.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Envelope } from '../../src/kernel/index.ts';
import type { NetworkSettings } from '../settings.ts';
import type { Direction } from './direction.ts';
import type { Parcel, Parcels, Sealed } from './parcels.ts';

/** A process, as the network sees it. */
export interface LinkEnd {
  readonly name: string;
  readonly clock: SimClock;
  deliver(envelope: Envelope): void;
  linkNews(peer: string, up: boolean): void;
}

/** The network that the link is part of. */
export interface LinkNetwork {
  readonly options: {
    readonly loop: SimLoop;
    readonly parcels: Parcels;
    readonly report: Report;
    readonly settings: NetworkSettings;
  };
  readonly raw: boolean;
  end(name: string): LinkEnd | undefined;
}

interface Held {
  readonly lane: LinkLane;
  readonly sealed: Sealed;
  readonly bytes: number;
  readonly generation: number;
}

/** Silence after which an end gives the link up: six beats of 150 ms. */
const silenceMicros = 900_000;

export class Link {
  readonly #network: LinkNetwork;
  readonly #there: Direction;
  readonly #back: Direction;
  readonly #random: SimRandom;
  /** The generation in which each end is up; 0: down. */
  readonly #up = new Map<string, number>();
  /** Frames that a cut holds back: the sender's system goes on trying for as long as the connection lives. */
  readonly #held = new Map<Direction, Held[]>();
  #generation = 0;
  #seeking = false;
  #attempts = 0;

  constructor(network: LinkNetwork, there: Direction, back: Direction, random: SimRandom) {
    this.#network = network;
    this.#there = there;
    this.#back = back;
    this.#random = random.fork('link');
  }

  joins(name: string): boolean {
    return this.#there.from === name || this.#there.to === name;
  }

  other(name: string): string {
    return this.#there.from === name ? this.#there.to : this.#there.from;
  }

  from(name: string): Direction {
    return this.#there.from === name ? this.#there : this.#back;
  }

  isUp(name: string): boolean {
    return (this.#up.get(name) ?? 0) !== 0;
  }

  get #now(): number {
    return this.#network.options.loop.nowMicros;
  }

  sendFrame(lane: LinkLane, parcels: readonly Parcel[], bytes: number, from: string): void {
    const direction = this.from(from);
    const generation = this.#up.get(from) ?? 0;
    const sealed = this.#network.options.parcels.seal(parcels);
    if (direction.stops(lane)) {
      const held = this.#held.get(direction) ?? [];
      held.push({ lane, sealed, bytes, generation });
      this.#held.set(direction, held);
      return;
    }
    this.#deliver(direction, { lane, sealed, bytes, generation });
  }

  #deliver(direction: Direction, { lane, sealed, bytes, generation }: Held): void {
    const end = this.#network.end(direction.to);
    const arrival = direction.arrivalOf(lane, bytes, this.#now);
    if (end === undefined || generation === 0) return;
    end.clock.inputAt(arrival, () => {
      direction.bytes = Math.max(0, direction.bytes - bytes);
      if (this.#up.get(direction.to) !== generation) return;
      for (const envelope of this.#network.options.parcels.open(sealed, direction.from, direction.to)) {
        end.deliver(envelope);
      }
    });
  }

  /** One message of consensus in raw weather: each has a fate of its own. */
  sendRaw(lane: LinkLane, parcel: Parcel, from: string): void {
    const { settings, report } = this.#network.options;
    const direction = this.from(from);
    if (direction.stops(lane)) return;
    const random = this.#random;
    if (random.chance(settings.loss)) {
      report.fault('message-loss');
      return;
    }
    const sealed = this.#network.options.parcels.seal([parcel]);
    if (random.chance(settings.reorder)) {
      report.fault('message-reorder');
      this.#deliverRaw(direction, sealed, random.below(settings.reorderMs * 1_000));
    } else this.#deliverRaw(direction, sealed, 0);
    if (random.chance(settings.duplicate)) {
      report.fault('message-duplicate');
      this.#deliverRaw(direction, sealed, random.below(1_000_000));
    }
    if (random.chance(settings.late)) {
      report.fault('message-late');
      const delay = random.between(1_000_000, 120_000_000);
      if (delay > 60_000_000) report.sometimes('a message came after more than a minute');
      this.#deliverRaw(direction, sealed, delay);
    }
  }

  /** To whatever process runs there then. */
  #deliverRaw(direction: Direction, sealed: Sealed, extraMicros: number): void {
    const { loop, parcels } = this.#network.options;
    loop.after(direction.latencyMicros() + extraMicros, () => {
      const end = this.#network.end(direction.to);
      if (end === undefined || direction.cut) return;
      end.clock.inputAt(this.#now, () => {
        for (const envelope of parcels.open(sealed, direction.from, direction.to)) end.deliver(envelope);
      });
    });
  }

  /** Tries to connect until it works. */
  seek(): void {
    if (this.#seeking || this.#generation < 0) return;
    this.#seeking = true;
    const pause = Math.min(1_000_000, 20_000 * 2 ** Math.min(this.#attempts, 6));
    this.#attempts += 1;
    this.#network.options.loop.after(this.#random.between(pause >> 1, pause), () => {
      this.#seeking = false;
      this.#tryConnect();
    });
  }

  #tryConnect(): void {
    const { from, to } = this.#there;
    const one = this.#network.end(from);
    const other = this.#network.end(to);
    // Whoever comes back seeks again.
    if (one === undefined || other === undefined) return;
    if (
      this.isUp(from) ||
      this.isUp(to) ||
      this.#there.cut ||
      this.#back.cut ||
      one.clock.blocked ||
      other.clock.blocked
    ) {
      this.seek();
      return;
    }
    this.#attempts = 0;
    this.#generation += 1;
    this.#there.reset();
    this.#back.reset();
    this.#held.clear();
    // The hello takes three ways before the first end is up, one more for the other.
    const first = this.#there.latencyMicros() * 3;
    this.#raise(one, other.name, this.#now + first);
    this.#raise(other, one.name, this.#now + first + this.#back.latencyMicros());
  }

  #raise(end: LinkEnd, peer: string, atMicros: number): void {
    const generation = this.#generation;
    end.clock.inputAt(atMicros, () => {
      if (this.#generation !== generation) return;
      this.#up.set(end.name, generation);
      end.linkNews(peer, true);
    });
  }

  /** The connection is broken; each end that lives hears of it after its own delay. */
  break(delays: ReadonlyMap<string, number>): void {
    const generation = this.#generation;
    this.#held.clear();
    for (const name of [this.#there.from, this.#there.to]) {
      const end = this.#network.end(name);
      const delay = delays.get(name) ?? 0;
      if (end === undefined) continue;
      end.clock.inputAt(this.#now + delay, () => this.#fall(end, generation));
    }
    // An end that was still being raised must not come up in a connection that is gone.
    this.#network.options.loop.after(Math.max(0, ...delays.values()) + 1, () => {
      if (this.#generation === generation) this.#generation += 1;
      this.seek();
    });
  }

  #fall(end: LinkEnd, generation: number): void {
    if (this.#up.get(end.name) !== generation) return;
    this.#up.set(end.name, 0);
    this.#network.options.report.sometimes('a link went down');
    end.linkNews(this.other(end.name), false);
    this.seek();
  }

  /** The process at this end is gone. */
  lost(name: string, silent: boolean): void {
    this.#up.set(name, 0);
    const other = this.other(name);
    const delay = silent ? this.#silence() : this.from(name).latencyMicros();
    this.break(new Map([[other, delay]]));
  }

  #silence(): number {
    return silenceMicros + this.#random.below(150_000);
  }

  /** The process at this end gives no sign of life: the other end gives up, unless it comes back in time. */
  quiet(name: string): void {
    const generation = this.#generation;
    this.#network.options.loop.after(this.#silence(), () => {
      const end = this.#network.end(name);
      if (end?.clock.blocked !== true || this.#generation !== generation) return;
      this.break(new Map([[name, this.#random.between(100, 2_000)]]));
    });
  }

  /** Whoever hears nothing for too long breaks the connection; the other end is told, if it can be. */
  cut(direction: Direction): void {
    direction.cut = true;
    if (this.#network.raw) return;
    const generation = this.#generation;
    const reverse = direction === this.#there ? this.#back : this.#there;
    this.#network.options.loop.after(this.#silence(), () => {
      if (!direction.cut || this.#generation !== generation) return;
      const told = reverse.cut ? this.#silence() : reverse.latencyMicros();
      this.break(new Map([[direction.from, told]]));
    });
  }

  directions(): readonly [Direction, Direction] {
    return [this.#there, this.#back];
  }

  mend(direction: Direction): void {
    direction.cut = false;
    direction.bulkCut = false;
    direction.clogMicros = 0;
    const held = this.#held.get(direction) ?? [];
    this.#held.delete(direction);
    for (const frame of held) this.#deliver(direction, frame);
  }

  heal(): void {
    this.mend(this.#there);
    this.mend(this.#back);
  }
}
