/**
 * What one socket of a link will send at the end of the drain: encoded envelopes, packed into as few bundle frames as
 * the frame limit allows, in the order of sending.
 */
import { packFrame, packParts, peerBundleType, type FrameSize } from '@callboard/client/protocol';

/** Head of a bundle: array, type, correlation and the head of the list, each in its longest form. */
const headBytes = 16;
const headItems = 3;

export interface OutboxLimits {
  readonly frameBytes: number;
  readonly frameItems: number;
}

export class Outbox {
  readonly #limits: OutboxLimits;
  readonly #send: (pieces: readonly Uint8Array[]) => void;
  #envelopes: unknown[] = [];
  #bytes = headBytes;
  #items = headItems;
  #large = 0;

  /** `send`: takes one frame, in pieces. */
  constructor(limits: OutboxLimits, send: (pieces: readonly Uint8Array[]) => void) {
    this.#limits = limits;
    this.#send = send;
  }

  /** Bytes collected and not yet sent; never less than they take. */
  get bytes(): number {
    return this.#envelopes.length === 0 ? 0 : this.#bytes;
  }

  /** Whether a single envelope of this size fits a frame at all. */
  fits(size: FrameSize): boolean {
    return (
      headBytes + size.bytes <= this.#limits.frameBytes &&
      headItems + 1 + size.items <= this.#limits.frameItems
    );
  }

  /** Collects an envelope that fits. A frame that is full leaves at once. */
  add(envelope: readonly unknown[], size: FrameSize): void {
    const full =
      this.#bytes + size.bytes > this.#limits.frameBytes ||
      this.#items + 1 + size.items > this.#limits.frameItems;
    if (full) this.flush();
    this.#envelopes.push(envelope);
    this.#bytes += size.bytes;
    this.#items += 1 + size.items;
    this.#large += size.large;
  }

  flush(): void {
    if (this.#envelopes.length === 0) return;
    const frame = [peerBundleType, 0, this.#envelopes];
    const pieces =
      this.#large === 0
        ? [packFrame(frame)]
        : packParts(frame, { bytes: this.#bytes, items: this.#items, large: this.#large });
    this.#envelopes = [];
    this.#bytes = headBytes;
    this.#items = headItems;
    this.#large = 0;
    this.#send(pieces);
  }
}
