/**
 * Freezes a message through and through, so that a sender or receiver that changes one after sending it fails at once.
 *
 * Only plain data is frozen: arrays and objects without a class. Typed arrays cannot be frozen, and an instance of a
 * class (a connection, a port) is a capability that the message lends and not a part of it. An object that is already
 * frozen is taken to be frozen all the way down: that makes forwarding cheap and cycles harmless.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (Array.isArray(value)) {
    Object.freeze(value);
    for (const item of value) deepFreeze(item);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
}
