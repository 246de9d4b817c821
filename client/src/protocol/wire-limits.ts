/** The bounds of frames, which both sides of a connection have to know. The nodes' own bounds rest on them. */
export interface WireLimits {
  readonly recordBytes: number;
  readonly frameBytes: number;
  readonly unauthenticatedFrameBytes: number;
  readonly frameDepth: number;
  readonly frameArrayItems: number;
  /** Chunks in one answer to a `fetch`; who asked goes on behind them. */
  readonly fetchChunks: number;
  readonly pushPullChunks: number;
  readonly topicPartitions: number;
  readonly clusterPartitions: number;
  /** Brokers, and nodes that have presented themselves. */
  readonly directoryBrokers: number;
  /** Of operators: actors in one list, bytes of what one actor says of itself, names in one report. */
  readonly adminActors: number;
  readonly adminDetailBytes: number;
  readonly adminNames: number;
  readonly adminTraceMessages: number;
}

export const wireLimits: WireLimits = Object.freeze({
  recordBytes: 1 << 20,
  frameBytes: 2 << 20,
  unauthenticatedFrameBytes: 4 << 10,
  frameDepth: 16,
  frameArrayItems: 65_536,
  fetchChunks: 1_024,
  pushPullChunks: 1_024,
  topicPartitions: 1_000,
  clusterPartitions: 20_000,
  directoryBrokers: 1_024,
  adminActors: 5_000,
  adminDetailBytes: 256 << 10,
  adminNames: 1_024,
  adminTraceMessages: 1_000,
});
