/**
 * Flags of V8 for a process that is a node and nothing else; a broker inside somebody's program leaves that program's alone. V8 reads
 * each of them whenever it counts, so they may be set in a running process.
 */
import { setFlagsFromString } from 'node:v8';

export const nodeFlags: readonly string[] = [
  // V8 takes a function for worth optimizing after it has run some 200 KB of its bytecode. On the way of a single record no function
  // has a loop, so that takes several thousand records, and until then each of them costs two to three times the processor time.
  // Default: 67,584 bytes of bytecode, several times over.
  '--interrupt-budget=10000',
  // A node's heap is small (20 MB live), but what it reads and sends lies in buffers outside, tens of MB a second, and V8 counts these
  // into how far the heap may grow until all of it is marked: every 14 MB, six times a second. Now it may grow fourfold, which V8 also
  // allows by itself, only not always, and never beyond half of the way to its limit: once a second.
  '--heap-growing-percent=300',
  // There is little to scavenge, a few ms. Helping threads save nothing of that, and where cores are busy the pause waits for them.
  '--no-parallel-scavenge',
];

export function setNodeFlags(): void {
  for (const flag of nodeFlags) setFlagsFromString(flag);
}
