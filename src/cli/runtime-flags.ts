/**
 * Flags of V8 for a process that is a node and nothing else; a broker inside somebody's program leaves that program's alone.
 *
 * V8 takes a function for worth optimizing after it has run some 200 KB of its bytecode. On the way of a single record no function
 * has a loop, so that takes several thousand records, and until then each of them costs two to three times the processor time.
 */
import { setFlagsFromString } from 'node:v8';

/** Read by V8 whenever it counts, so it may be set in a running process. Default: 67,584 bytes of bytecode, several times over. */
export const nodeFlags: readonly string[] = ['--interrupt-budget=10000'];

export function setNodeFlags(): void {
  for (const flag of nodeFlags) setFlagsFromString(flag);
}
