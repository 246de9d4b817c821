/** BullMQ: jobs on the same Redis as the streams, one queue per partition. */
import type { System } from '../../systems/system.ts';
import { redis, startRedis } from '../redis/system.ts';

export const bullmq: System = {
  name: 'bullmq',
  modes: [
    {
      name: 'everysec',
      durability: 'in memory of the primary only: fsync every second, asynchronous replicas',
    },
  ],
  driver: new URL('./driver.js', import.meta.url).href,
  missing: () => redis.missing(),
  start: startRedis,
};
