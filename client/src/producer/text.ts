/** Text into bytes that are there already. */
const encoder = new TextEncoder();
/** Up to here a loop over ASCII is quicker than a call of the encoder. */
const loopCharacters = 256;

/** Writes `text` as UTF-8 at `at` and returns where it ends. There is room for three bytes per UTF-16 unit. */
export function writeText(text: string, into: Uint8Array, at: number): number {
  const { length } = text;
  if (length <= loopCharacters) {
    let i = 0;
    for (; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      into[at + i] = unit;
    }
    if (i === length) return at + length;
  }
  return at + encoder.encodeInto(text, into.subarray(at)).written;
}
