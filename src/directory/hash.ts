/**
 * A 64-bit digest of a text, for asking whether two managers hold the same state. Two lanes of FNV-1a with
 * different offsets; not for security.
 */
const prime = 0x01000193;

export function digest(parts: Iterable<string>): string {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 1) {
      const unit = part.charCodeAt(i);
      low = Math.imul(low ^ unit, prime);
      high = Math.imul(high ^ unit ^ (low >>> 15), prime);
    }
    // A mark between parts, which no text contains: ['ab', 'c'] is not ['a', 'bc'].
    low = Math.imul(low ^ 0x10000, prime);
    high = Math.imul(high ^ 0x10000, prime);
  }
  return hex32(high) + hex32(low);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
