/** All scenarios, in the order in which they are run. */
import { failover } from './failover.ts';
import { http } from './http.ts';
import { fanOut, latency } from './latency.ts';
import { manyTopics } from './many-topics.ts';
import { native } from './native.ts';
import { consume, produce } from './produce.ts';
import type { Scenario } from './scenario.ts';
import { soak } from './soak.ts';
import { start } from './start.ts';

export const scenarios: readonly Scenario[] = [
  produce,
  consume,
  latency,
  fanOut,
  native,
  http,
  failover,
  start,
  manyTopics,
  soak,
];
