/**
 * Frames to bytes and back. Only positional arrays of plain values travel (see validate.ts); everything else that
 * msgpackr knows is turned off or kept away from it.
 *
 * The entry points `msgpackr/pack` and `msgpackr/unpack` are the ones without the native string extractor, so that
 * Node and browsers run the same code.
 */
import { Packr } from 'msgpackr/pack';
import { Unpackr } from 'msgpackr/unpack';
import { WireError } from './errors.ts';
import { utf8Length } from './utf8.ts';
import { checkFrame, type FrameBounds } from './validate.ts';

const packr = new Packr({ useRecords: false, moreTypes: false, bundleStrings: false });
const unpackr = new Unpackr({ useRecords: false, moreTypes: false, bundleStrings: false });

/**
 * The bytes of a frame. They are the caller's: no later call writes over them. The values must be what codecs
 * produce; `measureFrame` tells, where they come from elsewhere.
 */
export function packFrame(frame: readonly unknown[]): Uint8Array {
  return packr.pack(frame);
}

/** The value of a frame, after a full check. Byte strings in it are views into `bytes`. Throws WireError only. */
export function unpackFrame(bytes: Uint8Array, bounds: FrameBounds): readonly unknown[] {
  checkFrame(bytes, bounds);
  // A plain view: msgpackr cuts byte strings with the source's own `subarray`, and a Buffer's views are Buffers.
  return unpackr.unpack(
    new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) as readonly unknown[];
}

/** Size of a packed value, never less than it takes. */
export interface FrameSize {
  bytes: number;
  /** Values inside arrays, counted as the frame check does. */
  items: number;
  /** Bytes of the byte strings among `bytes` that `packParts` leaves where they are. */
  large: number;
}

/** A byte string from here on is dearer to copy than to send on its own. */
export const largeBinBytes = 8_192;

/**
 * Adds the packed size of `value` to `size`. Throws a WireError for anything that must not travel, so that a mistake
 * is found by its sender and not by its peer.
 */
export function measureFrame(value: unknown, size: FrameSize): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      throw new WireError('frame_invalid', 'a number that is not a safe integer');
    }
    size.bytes += value >= -0x20 && value < 0x80 ? 1 : 9;
  } else if (typeof value === 'string') {
    const length = utf8Length(value);
    if (length < 0) throw new WireError('frame_invalid', 'a string with a lone surrogate');
    size.bytes += (length < 0x20 ? 1 : 5) + length;
  } else if (Array.isArray(value)) {
    size.bytes += value.length < 0x10 ? 1 : 5;
    size.items += value.length;
    for (const item of value) measureFrame(item, size);
  } else if (value instanceof Uint8Array) {
    size.bytes += 5 + value.byteLength;
    if (value.byteLength >= largeBinBytes) size.large += value.byteLength;
  } else if (value === null || typeof value === 'boolean') {
    size.bytes += 1;
  } else {
    throw new WireError('frame_invalid', `a value of type ${typeof value}`);
  }
}
