/** About how many bytes a message takes on the wire, where it is not encoded: what counts is what it carries. */
const headBytes = 60;

export function roughBytes(message: unknown): number {
  return headBytes + carried(message, 3);
}

function carried(value: unknown, depth: number): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null || depth === 0) return 0;
  let bytes = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) bytes += carried(item, depth - 1);
  return bytes;
}
