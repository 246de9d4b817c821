/** All peers, in the order in which they are measured. */
import type { System } from '../systems/system.ts';
import { bullmq } from './bullmq/system.ts';
import { kafka } from './kafka/system.ts';
import { nats } from './nats/system.ts';
import { rabbitQuorum } from './rabbitmq/quorum.ts';
import { rabbitStreams } from './rabbitmq/streams.ts';
import { redis } from './redis/system.ts';

export const peers: readonly System[] = [kafka, nats, rabbitStreams, rabbitQuorum, redis, bullmq];
