/** RabbitMQ quorum queues. */
import type { System } from '../../systems/system.ts';
import { missingRabbit, startRabbit } from './cluster.ts';
import { rabbitNative } from './native.ts';

export const rabbitQuorum: System = {
  name: 'rabbitmq-quorum',
  modes: [{ name: 'default', durability: 'R3, fsync on a majority before the answer (quorum queue)' }],
  driver: new URL('./quorum-driver.js', import.meta.url).href,
  missing: missingRabbit,
  start: startRabbit,
  native: (running, load) => rabbitNative(running, load, 'quorum'),
};
