/** The public face of the partition room. */
export {
  decodeCursorCommand,
  encodeCursorCommand,
  fromEnd,
  type Advance,
  type Attach,
  type CursorCommand,
} from './cursor-commands.ts';
export type { Advanced, Attached } from './cursors.ts';
export { decodeClock, encodeClock, LogClock } from './log-clock.ts';
export { PartitionMachine, type Applied, type PartitionLimits } from './machine.ts';
export { anonymousProducer, batchOf, ProducerTail, type Batch, type Decision } from './producers.ts';
