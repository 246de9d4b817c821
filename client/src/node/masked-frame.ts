/**
 * One binary WebSocket frame of a client, masked as RFC 6455 (5.2, 5.3) wants it: under a key that cannot be foretold, so that whoever
 * chooses a record's bytes does not choose those that a proxy sees. `ws` masks byte by byte in JavaScript, which was the largest part
 * of what a batching producer cost; here it is done by words of 32 bits, in place, in the one copy that the frame needs anyway.
 */
import { randomFillSync } from 'node:crypto';

const finalBinary = 0x82;
const masked = 0x80;
const longestShort = 125;
const longestMiddle = 0xffff;

const keys = new Int32Array(2_048);
let nextKey = keys.length;

function drawKey(): number {
  if (nextKey === keys.length) {
    randomFillSync(keys);
    nextKey = 0;
  }
  const key = keys[nextKey] as number;
  nextKey += 1;
  return key;
}

/** `payload` is only read. */
export function maskedFrame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const lengthBytes = length <= longestShort ? 0 : length <= longestMiddle ? 2 : 8;
  const headBytes = 2 + lengthBytes + 4;
  // The payload begins at a whole word.
  const bodyAt = (headBytes + 3) & ~3;
  const headAt = bodyAt - headBytes;
  const bytes = new Uint8Array(bodyAt + length);
  const view = new DataView(bytes.buffer);
  bytes[headAt] = finalBinary;
  if (lengthBytes === 0) bytes[headAt + 1] = masked | length;
  else if (lengthBytes === 2) {
    bytes[headAt + 1] = masked | 126;
    view.setUint16(headAt + 2, length);
  } else {
    bytes[headAt + 1] = masked | 127;
    view.setUint32(headAt + 2, Math.floor(length / 2 ** 32));
    view.setUint32(headAt + 6, length >>> 0);
  }
  const key = drawKey();
  const keyBytes = new Uint8Array(Int32Array.of(key).buffer);
  bytes.set(keyBytes, bodyAt - 4);
  bytes.set(payload, bodyAt);
  // Both the key and the words have this machine's order of bytes.
  const words = new Int32Array(bytes.buffer, bodyAt, length >>> 2);
  for (let i = 0; i < words.length; i += 1) words[i] = (words[i] as number) ^ key;
  for (let i = length & ~3; i < length; i += 1) {
    bytes[bodyAt + i] = (bytes[bodyAt + i] as number) ^ (keyBytes[i & 3] as number);
  }
  return headAt === 0 ? bytes : bytes.subarray(headAt);
}
