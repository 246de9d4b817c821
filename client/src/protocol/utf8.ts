/** UTF-8 without allocation: the length of a text, and whether bytes are valid. Works the same everywhere. */

/** How many bytes `text` takes in UTF-8; -1 when it holds a lone surrogate, which has no UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 2;
    else {
      const low = text.charCodeAt(i + 1);
      // A pair: two units, four bytes. At the end of the text `low` is NaN and fails both comparisons.
      if (unit > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1;
      bytes += 2;
      i += 1;
    }
  }
  return bytes;
}

function continuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/**
 * Bytes `start` to `end` are UTF-8 as the Unicode standard has it (table 3-7): shortest form, no surrogates, nothing
 * above U+10FFFF. The caller knows that `end` lies within the bytes.
 */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    const first = bytes[at] as number;
    if (first < 0x80) {
      at += 1;
      continue;
    }
    const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length === 0 || at + length > end) return false;
    const second = bytes[at + 1] as number;
    const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    if (length > 2 && !continuation(bytes[at + 2])) return false;
    if (length > 3 && !continuation(bytes[at + 3])) return false;
    at += length;
  }
  return true;
}
