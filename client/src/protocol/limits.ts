import { wireLimits, type WireLimits } from './wire-limits.ts';

/**
 * Every bound of the system, in one place, with the unit in the name. `assertLimits` (limit-rules.ts) holds the
 * relations between them; the composition root calls it at start-up, so a contradiction never runs.
 */
export interface Limits extends WireLimits {
  readonly controlFrameBytes: number;
  readonly httpBodyBytes: number;
  readonly httpHeaderBytes: number;
  readonly httpHeaders: number;
  /** From the first byte of a connection, or of its next request, to the end of the headers; then to the end of the body. */
  readonly httpHeadersMs: number;
  readonly httpRequestMs: number;
  /** A connection with nothing to do is kept for this long; one whose client does not take its answer for `httpIdleMs`. */
  readonly httpKeepAliveMs: number;
  readonly httpIdleMs: number;
  /** Bytes of answers that one connection has not taken, beyond which it gets no others; one answer may overstep it. */
  readonly httpConnectionUnsentBytes: number;
  /** Requests of one connection that wait for their answers. */
  readonly httpPipelinedRequests: number;
  /** All connections of a node: HTTP, clients and peers. */
  readonly nodeConnections: number;
  readonly handshakeMs: number;

  readonly mailboxDataMessages: number;

  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicksMin: number;
  readonly electionTicksMax: number;
  /** A leader with pending work and no commit progress for this many ticks steps down. */
  readonly stallTicks: number;
  /** Ticks without a beat of another node, or without its answer, after which nobody rests on its word any more. */
  readonly beatSilenceTicks: number;
  /** Changes in one beat, and groups that one answer excepts. */
  readonly beatRows: number;
  readonly beatExceptions: number;
  readonly appendBytes: number;
  readonly appendEntries: number;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly uncommittedGroupBytes: number;
  readonly uncommittedNodeBytes: number;
  readonly entryCacheBytes: number;
  readonly entryOverheadBytes: number;
  readonly pendingReads: number;

  /** Unsent bytes of the bulk lane, to one peer and to all together. The control lane has a quarter of the former to each peer. */
  readonly peerLinkBytes: number;
  readonly peerLinksBytes: number;
  readonly writerBatchEntries: number;
  readonly writerBatchBytes: number;
  readonly readsInFlight: number;
  readonly readBytes: number;
  /** How long the journal's tail records may wait for their sync; 0: each is synced before its batch is answered. */
  readonly journalSyncMs: number;
  readonly ballastBytes: number;
  readonly lowSpaceBytes: number;
  /** Entries that a node keeps in memory for topics with `storage: 'memory'`; more records are refused. */
  readonly memoryTopicBytes: number;
  /** A replica in memory that is damaged and has known of no leader for this long gives its copy up for lost. */
  readonly memoryLossMs: number;
  readonly scrubPageBytes: number;
  readonly scrubPageEveryMs: number;
  readonly scrubPassEveryMs: number;

  readonly producerBatchesRemembered: number;
  /** By log time: see src/partition/log-clock.ts. */
  readonly producerIdleMs: number;
  /** Epochs that a producer may skip at once, and how far above those that were forgotten an unknown one may come in. */
  readonly producerEpochSteps: number;
  /** Epochs above those that were forgotten up to which an id may climb: there are 2^32 of them, for all ids of a partition and all time. */
  readonly producerEpochRange: number;
  readonly producersPerPartition: number;
  /** Of these for ids that nodes answer for: gateways' own, and those that are registered over HTTP. */
  readonly producersOfNodes: number;
  readonly cursorsPerPartition: number;
  /** Records taken over HTTP whose hand-over is not noted yet, of one consumer and of all; then consumes are refused. */
  readonly openTakesPerConsumer: number;
  readonly openTakesPerPartition: number;
  /** Takes that one command settles; further ones wait for the next. */
  readonly settledTakes: number;
  /** How often gateways are asked for takes that stay open, and how long one that may be gone holds back newer records. */
  readonly takeCheckMs: number;
  readonly takeDoubtMs: number;

  /** Subscriptions that one leader keeps for its partition. */
  readonly partitionSubscriptions: number;
  /** Newest chunks of a partition that are kept in memory while somebody is pushed to. */
  readonly pushTailBytes: number;
  /** What one pull of a subscription asks for at most. */
  readonly pushPullBytes: number;
  /** Acks that one command carries; further ones wait for the next. */
  readonly pushRoundAcks: number;

  readonly topicNameBytes: number;
  /** Different topics that one question for places may name. */
  readonly metadataTopics: number;

  /** Partitions that clients of a node create at once, and then per second; shared by client address. */
  readonly creationsAtOnce: number;
  readonly creationsPerSecond: number;
  /** Partitions of all topics that are being created: what would wait behind more is refused, unless it is small. */
  readonly creatingPartitions: number;
  readonly creationMs: number;
  /** The same of producers and consumers that are registered or opened, and of those that one connection opens. */
  readonly registrationsAtOnce: number;
  readonly registrationsPerSecond: number;
  readonly clientOpensAtOnce: number;
  readonly clientOpensPerSecond: number;
  /** Producers that one connection sends for, and new ones per second. */
  readonly clientProducersAtOnce: number;
  readonly clientProducersPerSecond: number;

  readonly gatewayBatchRecords: number;
  readonly gatewayBatchBytes: number;
  readonly gatewayPendingCalls: number;
  readonly gatewayPendingBytes: number;
  /** Takes of one gateway whose hand-over is not noted yet, and how long a note may wait for others. */
  readonly gatewayOpenTakes: number;
  readonly takeNoteMs: number;
  readonly callDeadlineMs: number;

  readonly directoryProducers: number;
  readonly directoryConsumers: number;
  /** Changes that the directory remembers by their tag, so that a retry is answered as the first try was. */
  readonly directoryTags: number;
  /** Changes that one manager follows for its node, and the most that a primary has proposed for other nodes. */
  readonly managerPendingChanges: number;
  readonly managerPendingBarriers: number;
  readonly managerSubscribers: number;
  /** Pause before the first retry towards the primary; doubles up to `managerRetryMaxMs`. */
  readonly managerRetryMs: number;
  readonly managerRetryMaxMs: number;
  /** Replicas that a manager starts, ends, bears or asks to hand over in one go; more wait for the next. */
  readonly managerSliceGroups: number;
  /** Groups that one message or command of a manager names. */
  readonly managerWordGroups: number;
  /** What counts as an hour towards the days after which unused producers and consumers are forgotten. */
  readonly useHourMs: number;
  /** Ids or cursors that one message or command about their use names. */
  readonly usedIdsTogether: number;
  /** How often a manager looks for replicas here of which a confirmed directory knows nothing. */
  readonly managerStragglersMs: number;
  readonly healthProbeMs: number;
  /** Probes missed in a row that make a broker dead. */
  readonly healthMissedProbes: number;

  /** Partitions that one `/status/topics` tells of. */
  readonly statusPartitions: number;
  /** Consumers that a partition names there: those that moved last. */
  readonly statusConsumers: number;

  /** How long a broker must be active before leaderships go back to it; longer after breaks that follow soon. */
  readonly balanceAfterMs: number;
  /** Partitions asked in one go, each `managerRetryMaxMs`, to give their leadership back. */
  readonly balanceGroups: number;

  /** Traces at a time on one node, messages of one, and how long one may last. */
  readonly adminTraces: number;
  readonly adminTraceMs: number;
  /** Pause in which traced messages gather. */
  readonly adminGatherMs: number;
  /** Questions that wait for other nodes, and for how long. */
  readonly adminPendingAsks: number;
  readonly adminAskMs: number;

  readonly clientConnections: number;
  readonly clientInflightBatches: number;
  /** Calls of one connection that wait for their answer, subscribing and acknowledging not counted. */
  readonly clientPendingCalls: number;
  /** Frames of one connection that its session has not looked at: more than one read of its socket brings. */
  readonly clientFramesWaiting: number;
  /** Frames handled per second: of one connection, and of all of a node, shared by client address. Who sends more is read more slowly. */
  readonly clientFramesPerSecond: number;
  readonly nodeFramesPerSecond: number;
  /** As many may come at once after a rest. */
  readonly framesAtOnce: number;
  /** Places of partitions that one question may be told for the price of one frame. */
  readonly placesPerFrame: number;
  /** After which a partition's leader that has not answered a client's call is given up. */
  readonly clientCallMs: number;
  readonly clientSubscriptions: number;
  /** Of all connections of a node, shared by client address. */
  readonly nodeSubscriptions: number;
  /** Ack frames of one connection that wait for their answer. */
  readonly clientPendingAcks: number;
  /** Pulls that a node's sessions together have open at each other node. */
  readonly relayPulls: number;
  /** Deliveries of one connection that were drawn from partitions and have not left this process. */
  readonly clientUnsentBytes: number;
  /** The same of all connections of a node: each has its share, but never less than `clientUnsentLeastBytes`. */
  readonly nodeUnsentBytes: number;
  /** One chunk is drawn in any case, so this may be overstepped by it. */
  readonly clientUnsentLeastBytes: number;
  /** The same of all connections of one client address, and what each of these has in any case. */
  readonly addressUnsentBytes: number;
  readonly connectionUnsentLeastBytes: number;
  /** A connection for which more waits is not read from. */
  readonly clientUnreadBytes: number;
  /** What a small frame that waits takes besides its bytes. */
  readonly unsentFrameBytes: number;
}

export const defaultLimits: Limits = {
  ...wireLimits,
  controlFrameBytes: 64 << 10,
  httpBodyBytes: 2 << 20,
  httpHeaderBytes: 16 << 10,
  httpHeaders: 100,
  httpHeadersMs: 5_000,
  httpRequestMs: 15_000,
  httpKeepAliveMs: 65_000,
  httpIdleMs: 30_000,
  httpConnectionUnsentBytes: 1 << 20,
  httpPipelinedRequests: 256,
  nodeConnections: 8_192,
  handshakeMs: 3_000,

  mailboxDataMessages: 8_192,

  tickMs: 50,
  heartbeatTicks: 3,
  electionTicksMin: 20,
  electionTicksMax: 40,
  stallTicks: 100,
  beatSilenceTicks: 7,
  beatRows: 2_048,
  beatExceptions: 2_048,
  appendBytes: 512 << 10,
  appendEntries: 128,
  inflightMessages: 256,
  inflightBytes: 8 << 20,
  uncommittedGroupBytes: 16 << 20,
  uncommittedNodeBytes: 256 << 20,
  entryCacheBytes: 4 << 20,
  entryOverheadBytes: 512,
  pendingReads: 4_096,

  peerLinkBytes: 16 << 20,
  peerLinksBytes: 64 << 20,
  writerBatchEntries: 1_024,
  writerBatchBytes: 1 << 20,
  readsInFlight: 8,
  readBytes: 1 << 20,
  journalSyncMs: 1_000,
  ballastBytes: 64 << 20,
  lowSpaceBytes: 128 << 20,
  memoryTopicBytes: 1 << 30,
  memoryLossMs: 10_000,
  scrubPageBytes: 256 << 10,
  scrubPageEveryMs: 100,
  scrubPassEveryMs: 60_000,

  producerBatchesRemembered: 256,
  producerIdleMs: 24 * 3_600_000,
  producerEpochSteps: 1_024,
  producerEpochRange: 65_536,
  producersPerPartition: 100_000,
  producersOfNodes: 20_000,
  cursorsPerPartition: 100_000,
  openTakesPerConsumer: 256,
  openTakesPerPartition: 65_536,
  settledTakes: 2_048,
  takeCheckMs: 1_000,
  takeDoubtMs: 2_000,

  partitionSubscriptions: 10_000,
  pushTailBytes: 4 << 20,
  pushPullBytes: 512 << 10,
  pushRoundAcks: 1_000,

  topicNameBytes: 200,
  metadataTopics: 1_024,

  creationsAtOnce: 1_000,
  creationsPerSecond: 100,
  creatingPartitions: 1_000,
  creationMs: 5,
  registrationsAtOnce: 5_000,
  registrationsPerSecond: 200,
  clientOpensAtOnce: 1_000,
  clientOpensPerSecond: 20,
  clientProducersAtOnce: 1_024,
  clientProducersPerSecond: 100,

  gatewayBatchRecords: 1_000,
  gatewayBatchBytes: 512 << 10,
  gatewayPendingCalls: 20_000,
  gatewayPendingBytes: 64 << 20,
  gatewayOpenTakes: 65_536,
  takeNoteMs: 500,
  callDeadlineMs: 5_000,

  directoryProducers: 200_000,
  directoryConsumers: 200_000,
  directoryTags: 16_384,
  managerPendingChanges: 4_096,
  managerPendingBarriers: 32_768,
  managerSubscribers: 8_192,
  managerRetryMs: 100,
  managerRetryMaxMs: 1_000,
  managerSliceGroups: 64,
  managerWordGroups: 1_024,
  useHourMs: 3_600_000,
  usedIdsTogether: 512,
  managerStragglersMs: 60_000,
  healthProbeMs: 500,
  healthMissedProbes: 3,

  statusPartitions: 2_000,
  statusConsumers: 8,

  balanceAfterMs: 10_000,
  balanceGroups: 16,

  adminTraces: 16,
  adminTraceMs: 600_000,
  adminGatherMs: 100,
  adminPendingAsks: 1_024,
  adminAskMs: 2_000,

  clientConnections: 5_000,
  clientInflightBatches: 256,
  clientPendingCalls: 1_024,
  clientFramesWaiting: 8_192,
  clientFramesPerSecond: 20_000,
  nodeFramesPerSecond: 50_000,
  framesAtOnce: 1_024,
  placesPerFrame: 2,
  clientCallMs: 15_000,
  clientSubscriptions: 4_096,
  nodeSubscriptions: 65_536,
  clientPendingAcks: 4_096,
  relayPulls: 8,
  clientUnsentBytes: 4 << 20,
  nodeUnsentBytes: 512 << 20,
  clientUnsentLeastBytes: 64 << 10,
  addressUnsentBytes: 32 << 20,
  connectionUnsentLeastBytes: 16 << 10,
  clientUnreadBytes: 256 << 10,
  unsentFrameBytes: 256,
};

/** The largest chunk that anything accepts: one record at its limit, or a full gateway batch, with header and framing. */
export function maxChunkBytes(limits: Pick<Limits, 'recordBytes' | 'gatewayBatchBytes'>): number {
  return Math.max(limits.recordBytes, limits.gatewayBatchBytes) + 4_096;
}
