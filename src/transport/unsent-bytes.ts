/**
 * What waits in this node for clients that have not taken it, by client address: who does not read what it is sent costs the others no
 * memory. Each connection of an address has its part of what the address may have.
 */
import type { Limits } from '@callboard/client/protocol';

type UnsentLimits = Pick<Limits, 'addressUnsentBytes' | 'connectionUnsentLeastBytes' | 'clientUnreadBytes'>;

class AddressUnsent {
  bytes = 0;
  connections = 0;
  /** Told, in order, when there is room again. */
  readonly waiting: Set<() => void> = new Set();
}

/** One connection's. */
export class UnsentShare {
  readonly #limits: UnsentLimits;
  readonly #address: AddressUnsent;
  readonly #leave: () => void;
  #sent = 0;
  #expected = 0;

  constructor(limits: UnsentLimits, address: AddressUnsent, leave: () => void) {
    this.#limits = limits;
    this.#address = address;
    this.#leave = leave;
  }

  /** So much was sent and waits now. */
  set(bytes: number): void {
    const change = bytes - this.#sent;
    this.#sent = bytes;
    this.#change(change);
  }

  /** So much more, or less, was asked for and is to be sent. */
  expect(bytes: number): void {
    this.#expected += bytes;
    this.#change(bytes);
  }

  /** What may wait for this connection; 0 while the address as a whole has too much. */
  get share(): number {
    const { addressUnsentBytes, connectionUnsentLeastBytes } = this.#limits;
    const { bytes, connections } = this.#address;
    return bytes >= addressUnsentBytes
      ? 0
      : Math.max(connectionUnsentLeastBytes, addressUnsentBytes / connections);
  }

  /** From so many bytes on a connection is not read from. */
  get unreadBytes(): number {
    return Math.min(this.#limits.clientUnreadBytes, this.share);
  }

  /** Calls back once, when the address as a whole has room. */
  whenRoom(callback: () => void): void {
    this.#address.waiting.add(callback);
  }

  leave(): void {
    const change = -(this.#sent + this.#expected);
    this.#sent = 0;
    this.#expected = 0;
    this.#leave();
    this.#change(change);
  }

  #change(bytes: number): void {
    const address = this.#address;
    address.bytes += bytes;
    if (bytes >= 0) return;
    for (const callback of address.waiting) {
      if (address.bytes >= this.#limits.addressUnsentBytes) return;
      address.waiting.delete(callback);
      callback();
    }
  }
}

export class UnsentBytes {
  readonly #limits: UnsentLimits;
  readonly #addresses = new Map<string, AddressUnsent>();

  constructor(limits: UnsentLimits) {
    this.#limits = limits;
  }

  join(name: string): UnsentShare {
    const address = this.#addresses.get(name) ?? new AddressUnsent();
    address.connections += 1;
    this.#addresses.set(name, address);
    return new UnsentShare(this.#limits, address, () => {
      address.connections -= 1;
      if (address.connections === 0) this.#addresses.delete(name);
    });
  }
}
