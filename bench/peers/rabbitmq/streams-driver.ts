/** By AMQP: the client of the stream protocol speaks to 3.11 and newer only, Debian has 3.10. */
import type { OpenDriver } from '../../load/driver.ts';
import { openQueues } from './amqp.ts';

export const open: OpenDriver = (address) => openQueues(address, 'stream');
