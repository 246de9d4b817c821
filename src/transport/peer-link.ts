/**
 * A link to one peer that is up: two authenticated sockets that live and die together. *control* carries beats, votes
 * and acks in small frames, *bulk* carries what is large, so that a catch-up never delays a beat.
 */
import {
  packFrame,
  peerFrames,
  type FrameSize,
  type Limits,
  type LinkLane,
} from '@callboard/client/protocol';
import type { SendResult } from '../kernel/actor.ts';
import { Outbox } from './outbox.ts';
import type { PeerFacts } from './hello.ts';
import type { WireSocket } from './wire-socket.ts';

/** A socket that was silent for this many beats is taken for dead. Bulk may be busy with one large frame for a while. */
const silentBeats: Record<LinkLane, number> = { control: 6, bulk: 24 };

interface Half {
  readonly socket: WireSocket;
  readonly outbox: Outbox;
  readonly bound: number;
  silent: number;
}

/** The largest frame that a lane carries. */
export function laneFrameBytes(limits: Limits, lane: LinkLane): number {
  return lane === 'control' ? limits.controlFrameBytes : limits.frameBytes;
}

export class PeerLink {
  readonly facts: PeerFacts;
  readonly dialed: boolean;
  readonly #halves: Record<LinkLane, Half>;
  #pings = 0;

  /** `dialed`: this node opened the connections. */
  constructor(facts: PeerFacts, dialed: boolean, sockets: Record<LinkLane, WireSocket>, limits: Limits) {
    this.facts = facts;
    this.dialed = dialed;
    const half = (lane: LinkLane, bound: number): Half => {
      const socket = sockets[lane];
      const box = { frameBytes: laneFrameBytes(limits, lane), frameItems: limits.frameArrayItems };
      return { socket, outbox: new Outbox(box, (pieces) => socket.sendPieces(pieces)), bound, silent: 0 };
    };
    // The protocols' own windows keep control traffic far below its bound; it must never compete with bulk for room.
    this.#halves = {
      control: half('control', limits.peerLinkBytes / 4),
      bulk: half('bulk', limits.peerLinkBytes),
    };
  }

  has(socket: WireSocket): boolean {
    return this.#halves.control.socket === socket || this.#halves.bulk.socket === socket;
  }

  /** Whether one envelope of this size can leave by this lane at all. */
  fits(lane: LinkLane, size: FrameSize): boolean {
    return this.#halves[lane].outbox.fits(size);
  }

  /** Bytes of the bulk lane that have not left this process. */
  get bulkBytes(): number {
    const { outbox, socket } = this.#halves.bulk;
    return outbox.bytes + socket.bufferedBytes;
  }

  /** Collects an envelope that fits, unless the lane's byte bound is reached. */
  send(lane: LinkLane, envelope: readonly unknown[], size: FrameSize): SendResult {
    const half = this.#halves[lane];
    if (half.outbox.bytes + half.socket.bufferedBytes + size.bytes > half.bound) return 'full';
    half.outbox.add(envelope, size);
    return 'accepted';
  }

  flush(): void {
    this.#halves.control.outbox.flush();
    this.#halves.bulk.outbox.flush();
  }

  /**
   * One beat has passed. False: a socket has been silent for too long. Beats are counted, not milliseconds, and come
   * after the sockets were read, so a stall of this process is not taken for silence of the peer.
   */
  beat(clusterId: string | undefined): boolean {
    this.#pings += 1;
    const ping = packFrame(peerFrames.encode({ kind: 'peer-ping', correlation: this.#pings, clusterId }));
    for (const lane of ['control', 'bulk'] as const) {
      const half = this.#halves[lane];
      half.silent = half.socket.heard ? 0 : half.silent + 1;
      half.socket.heard = false;
      if (half.silent >= silentBeats[lane]) return false;
      // A socket that is busy shows life by itself; pings must not pile up behind what it cannot get rid of.
      if (half.socket.bufferedBytes < half.bound) half.socket.send(ping);
    }
    return true;
  }

  /** Drops what was collected and closes both sockets; `cut`: without waiting for the peer. */
  close(detail: string, cut: boolean): void {
    for (const { socket } of Object.values(this.#halves)) {
      if (cut) socket.cut(detail);
      else socket.end('unavailable', detail);
    }
  }

  inspect(): Record<string, unknown> {
    const { control } = this.#halves;
    return {
      incarnation: this.facts.incarnation,
      dialed: this.dialed,
      controlBytes: control.outbox.bytes + control.socket.bufferedBytes,
      bulkBytes: this.bulkBytes,
    };
  }
}
