/** Which partition a key belongs to: 32-bit MurmurHash2 with the seed of Kafka's Java client, so both agree. */

const seed = 0x9747b28c;
const m = 0x5bd1e995;

/** The hash of the first `length` bytes as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array, length: number = bytes.length): number {
  const whole = length - (length % 4);
  let h = seed ^ length;
  for (let i = 0; i < whole; i += 4) {
    let k =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = length - whole;
  if (rest > 2) h ^= (bytes[whole + 2] as number) << 16;
  if (rest > 1) h ^= (bytes[whole + 1] as number) << 8;
  if (rest > 0) h = Math.imul(h ^ (bytes[whole] as number), m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

/** The partition of a record with this key, from 0. */
export function partitionOfKey(key: Uint8Array, partitions: number, length: number = key.length): number {
  return (murmur2(key, length) & 0x7fffffff) % partitions;
}
