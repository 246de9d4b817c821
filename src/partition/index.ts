/** The public face of the partition room. */
export {
  decodeCursorCommand,
  encodeCursorCommand,
  fromEnd,
  type Advance,
  type Attach,
  type CursorCommand,
  type IdleCursor,
  type Take,
} from './cursor-commands.ts';
export type { Advanced, Attached, ConsumerState, Reset } from './cursors.ts';
export { decodeClock, encodeClock, LogClock } from './log-clock.ts';
export { PartitionMachine, type Applied, type PartitionLimits } from './machine.ts';
export { nodeOwner, ownerOf } from './producer-places.ts';
export { anonymousProducer, batchOf, ProducerTail, type Batch, type Decision } from './producers.ts';
export { isSameTake, type OpenTake, type Settlement, type TakeId, type Taker } from './takes.ts';
