/** RabbitMQ streams. */
import type { System } from '../../systems/system.ts';
import { missingRabbit, startRabbit } from './cluster.ts';
import { rabbitNative } from './native.ts';

export const rabbitStreams: System = {
  name: 'rabbitmq-streams',
  modes: [{ name: 'default', durability: 'R3, in the page cache of a majority, no fsync before the answer' }],
  driver: new URL('./streams-driver.js', import.meta.url).href,
  missing: missingRabbit,
  start: startRabbit,
  native: (running, load) => rabbitNative(running, load, 'stream'),
};
