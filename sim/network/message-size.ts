/** About how many bytes a message takes on the wire, where it is not encoded: what counts is what it carries. */
import type { GroupRaft } from '../../src/actors/group/messages.ts';

const headBytes = 60;

export function roughBytes(message: unknown): number {
  const known = message as GroupRaft | { readonly kind: 'other' };
  if (known.kind !== 'group-raft') return headBytes + carried(message, 3);
  const inner = known.message;
  if (inner.kind !== 'append' && inner.kind !== 'fetched') return headBytes;
  let bytes = headBytes;
  for (const entry of inner.entries) bytes += entry.bytes.byteLength;
  return bytes;
}

function carried(value: unknown, depth: number): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null || depth === 0) return 0;
  let bytes = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) bytes += carried(item, depth - 1);
  return bytes;
}
