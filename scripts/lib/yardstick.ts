// How fast this machine is now, so that limits of time mean the same everywhere: a slow or busy machine is no fault of a test.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { execPath } from 'node:process';

/** What `measure` takes on the two cores that the limits were set on: a start of Node some 70 ms. */
const REFERENCE_MS = 700;
/** Beyond this the clock tells nothing of tests; what is slower or faster still counts as this. */
const MOST = 4;
const LOOKS = 3;

/** What tests do most: start processes, run cold code, move bytes. */
function measure(): number {
  const begun = performance.now();
  for (let n = 0; n < 8; n += 1) spawnSync(execPath, ['-e', 'require("node:http")']);
  const block = Buffer.alloc(1 << 20, 7);
  const hash = createHash('sha256');
  for (let n = 0; n < 200; n += 1) hash.update(block);
  hash.digest();
  return performance.now() - begun;
}

/** 1 on the machine that the limits were set on; 2 where everything takes twice as long. */
export function slowness(look: () => number = measure): number {
  const looks = Array.from({ length: LOOKS }, look).toSorted((a, b) => a - b);
  const middle = looks[Math.floor(LOOKS / 2)] ?? REFERENCE_MS;
  return Math.min(MOST, Math.max(1 / MOST, middle / REFERENCE_MS));
}
