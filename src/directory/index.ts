/** The public face of the directory room. */
export { decodeEntry, directoryCommandCodec, directoryResultCodec, encodeEntry } from './codec.ts';
export type { DecodedEntry } from './codec.ts';
export { consumerKey } from './consumers.ts';
export { brokerState, createsTopic } from './contract.ts';
export type {
  AdminAction,
  Applied,
  Broker,
  CopiesLost,
  BrokerState,
  ConsumerRef,
  DirectoryCommand,
  DirectoryEntry,
  DirectoryEvent,
  DirectoryNode,
  DirectoryResult,
  IdsUsed,
  PartitionPlacement,
  ReplicasDied,
  Topic,
} from './contract.ts';
export type { CopiesWord } from './copies.ts';
export { DirectoryMachine } from './machine.ts';
export type { DirectoryLimits, DirectoryOptions } from './machine.ts';
export type { RemovalProgress } from './removals.ts';
