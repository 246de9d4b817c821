/** Bounds of a client, with their units; what a user may set himself is in the options of `connect` and of its objects. */
export const clientLimits = {
  /** A call with everything that it takes: reconnects, retries, changes of leader. */
  deadlineMs: 30_000,
  /** One answer of a node that is alive: beyond it the call is tried again. */
  answerTicks: 17,
  /** A connection is asked for a sign of life after this silence, and given up after that one. Counted in ticks. */
  tickMs: 1_000,
  pingTicks: 3,
  silentTicks: 8,
  /** From the first packet to the answered hello. */
  openingTicks: 5,
  /** Nodes that one client is connected to. */
  connections: 64,
  /** Calls of one connection that wait for an answer. */
  connectionCalls: 512,
  /** Pause before trying again: doubles from the first to the second, half of it random. */
  retryMs: 20,
  retryMaxMs: 1_000,
  reconnectMs: 50,
  reconnectMaxMs: 3_000,
  /** Home is left for another address after so many calls in a row that it could do nothing about. */
  homeFailures: 3,
  /** A leader whose address could not be reached is left alone for this long, then longer; its calls go through another node. */
  detourMs: 2_000,
  detourMaxMs: 60_000,
  /** How long a subscription waits for the first try to reach its leader directly. */
  directWaitMs: 1_000,
  topicsKnown: 10_000,
  /** Named in one question for their leaders. */
  topicsAtOnce: 256,

  producerBufferedBytes: 33_554_432,
  chunkBytes: 131_072,
  chunksInFlight: 4,
  /** A record that is dated further ahead travels alone: its leader takes it if its own clock allows, and refuses it otherwise. */
  datedAheadMs: 300_000,
  /** Pauses between looks for records that are past their deadline; a chunk takes records for as long at most. */
  sweepMs: 250,

  creditRecords: 10_000,
  creditBytes: 4_194_304,
  /** Records acknowledged above one that is not: one bit each. */
  ackSpanRecords: 8_388_608,
} as const;
