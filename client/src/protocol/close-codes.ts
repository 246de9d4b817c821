/** WebSocket close codes, so that a closed connection says why even if its last frame was lost. */
import type { ErrorCode } from './errors.ts';

/** 1001 and 1009 are the standard's own; those from 4000 are free for applications. */
export const closeCodes = {
  unavailable: 1001,
  frame_too_large: 1009,
  frame_invalid: 4400,
  auth_failed: 4401,
  origin_refused: 4403,
  host_refused: 4404,
  timeout: 4408,
  fenced: 4409,
  cluster_mismatch: 4421,
  version_mismatch: 4426,
  overloaded: 4429,
  internal: 4500,
} as const;

/** The codes that end a connection. */
export type ClosingCode = keyof typeof closeCodes & ErrorCode;

/** Why the other side closed, as far as its close code tells. */
export function closingCode(closeCode: number): ClosingCode | undefined {
  for (const [name, code] of Object.entries(closeCodes)) {
    if (code === closeCode) return name as ClosingCode;
  }
  return undefined;
}
