/** Bytes in every form that they come in. */
import { refused } from './options.ts';
import { kindOf } from './text.ts';

const everyByte = Object.getPrototypeOf(Uint8Array.prototype) as { keys(): unknown };
const { keys } = everyByte;

/** Typed arrays of any kind, also those that are wrapped by something else. */
export function isTypedArray(value: object): boolean {
  return Object.prototype.isPrototypeOf.call(everyByte, value);
}

/**
 * The bytes of a buffer, or of what a view shows of one; undefined: it is neither. Refused: those whose memory is gone, because it was
 * transferred or made smaller. `where` names the field.
 */
export function bytesIn(value: unknown, where: string): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return viewed(value, where);
  const kind = kindOf(value);
  if (kind !== 'ArrayBuffer' && kind !== 'SharedArrayBuffer') return undefined;
  try {
    const { buffer, byteLength } = new DataView(value as ArrayBuffer);
    return new Uint8Array(buffer, 0, byteLength);
  } catch (error) {
    throw refused(`${where} is a buffer without memory: it was transferred, or is none`, error);
  }
}

function viewed(view: ArrayBufferView, where: string): Uint8Array {
  try {
    const { byteLength } = view;
    // Of a view whose memory is gone all numbers are 0; only its methods tell.
    if (byteLength === 0 && !(view instanceof DataView)) keys.call(view);
    if (view instanceof Uint8Array) return view;
    return new Uint8Array(view.buffer, view.byteOffset, byteLength);
  } catch (error) {
    throw refused(
      `${where} is a view of memory that is gone: its buffer was transferred or made smaller`,
      error,
    );
  }
}
