/** The public face of the partition room. */
export { encodeCursorMoves, decodeCursorMoves, type CursorMove } from './cursors.ts';
export { PartitionMachine, type Applied, type PartitionLimits } from './machine.ts';
export { anonymousProducer, batchOf, ProducerTail, type Batch, type Decision } from './producers.ts';
