import type { OpenDriver } from '../../load/driver.ts';
import { openQueues } from './amqp.ts';

export const open: OpenDriver = (address) => openQueues(address, 'quorum');
