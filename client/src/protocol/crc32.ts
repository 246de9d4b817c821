/** CRC-32 (IEEE 802.3) by table, for browsers; a server passes zlib's instead, which computes the same. */

function buildTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n += 1) {
    let remainder = n;
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    }
    table[n] = remainder;
  }
  return table;
}

const table = buildTable();

/** `seed` is the checksum of the bytes that came before. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let remainder = ~seed;
  for (let i = 0; i < bytes.length; i += 1) {
    remainder = (table[(remainder ^ (bytes[i] as number)) & 0xff] as number) ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}
