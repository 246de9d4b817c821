/** Values that tell who they are: a number, then a filling that follows from it, so that any change of a byte shows. */
export const leastValueBytes = 8;

export function makeValue(id: number, bytes: number): Uint8Array {
  const value = new Uint8Array(bytes).fill(filling(id));
  new DataView(value.buffer).setUint32(0, id, true);
  return value;
}

/** -1 for what was not made here. */
export function valueId(value: Uint8Array): number {
  if (value.byteLength < leastValueBytes) return -1;
  return new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
}

export function isWholeValue(value: Uint8Array): boolean {
  const fill = filling(valueId(value));
  for (let at = 4; at < value.byteLength; at += 1) if (value[at] !== fill) return false;
  return true;
}

function filling(id: number): number {
  return (Math.imul(id, 0x9e3779b1) >>> 24) & 0xff;
}
