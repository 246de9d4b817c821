/** What must hold between the limits, or no node starts with them. */
import { clientLimits } from './client-limits.ts';
import { defaultLimits, type Limits } from './limits.ts';

/** Throws on the first relation that does not hold. */
export function assertLimits(limits: Limits): void {
  for (const [holds, text] of [...rulesOfNodes(limits), ...rulesOfClients(limits)]) {
    if (!holds) throw new RangeError(`limits contradict each other: it must hold that ${text}`);
  }
}

type Rule = readonly [boolean, string];

function rulesOfNodes(limits: Limits): readonly Rule[] {
  return [
    [limits.recordBytes + 4_096 <= limits.frameBytes, 'a record with its chunk and frame fits a frame'],
    [
      limits.appendBytes + limits.recordBytes + 8_192 <= limits.frameBytes,
      'an append with one last entry fits a frame',
    ],
    [limits.gatewayBatchBytes <= limits.frameBytes, 'a gateway batch fits a frame'],
    [limits.electionTicksMin > 3 * limits.heartbeatTicks, 'an election waits for more than three heartbeats'],
    [
      limits.beatSilenceTicks > 2 * limits.heartbeatTicks &&
        limits.beatSilenceTicks + limits.heartbeatTicks <= limits.electionTicksMin,
      'two beats may be lost, and whoever rested is awake before an election',
    ],
    [limits.electionTicksMax > limits.electionTicksMin, 'election timeouts are spread'],
    [limits.stallTicks > limits.electionTicksMax, 'a stalled leader outlasts an election'],
    [limits.inflightBytes <= limits.peerLinkBytes, 'one follower window fits its link'],
    [limits.peerLinkBytes <= limits.peerLinksBytes, 'one link fits all links together'],
    [limits.uncommittedGroupBytes <= limits.uncommittedNodeBytes, 'one group fits the node'],
    [limits.unauthenticatedFrameBytes <= limits.controlFrameBytes, 'trust grows with authentication'],
    [limits.httpHeadersMs <= limits.httpRequestMs, 'headers have less time than the whole request'],
    [limits.httpIdleMs > limits.callDeadlineMs, 'a client waits for the longest call'],
    [
      limits.nodeConnections > limits.clientConnections,
      'peers and HTTP find room beside as many clients as are taken',
    ],
    [limits.controlFrameBytes <= limits.frameBytes, 'control frames are the small ones'],
    [limits.clientInflightBatches <= limits.producerBatchesRemembered, 'every batch in flight is remembered'],
    [
      limits.producerEpochSteps <= limits.producerEpochRange,
      'one step of epochs is no longer than all of them',
    ],
    [limits.creationsAtOnce >= limits.topicPartitions, 'the largest topic can be created'],
    [limits.creatingPartitions >= limits.topicPartitions, 'the largest topic may be in progress'],
    [limits.producersOfNodes < limits.producersPerPartition, 'others have places for producers too'],
    [
      limits.directoryTags >= 2 * limits.managerPendingChanges,
      'a change is remembered for longer than it can be retried',
    ],
    [
      limits.managerPendingBarriers >= limits.gatewayPendingCalls,
      'each call of a gateway may ask for a barrier',
    ],
    [limits.managerSubscribers > limits.clientConnections, 'each client session may watch the directory'],
    [
      limits.memoryLossMs >= 2 * limits.electionTicksMax * limits.tickMs,
      'a copy in memory is given up only after two elections had their time',
    ],
    [limits.managerRetryMaxMs >= limits.managerRetryMs, 'pauses between retries grow'],
  ];
}

function rulesOfClients(limits: Limits): readonly Rule[] {
  return [
    [
      limits.pushPullBytes + limits.recordBytes + 8_192 <= limits.frameBytes,
      'a delivery with one last chunk fits a frame',
    ],
    [limits.pushPullChunks <= defaultLimits.pushPullChunks, 'the chunks of one pull fit a delivery'],
    [
      limits.fetchChunks <= defaultLimits.fetchChunks,
      'the chunks of one read fit the frame that carries them',
    ],
    [
      Math.max(limits.readBytes, limits.recordBytes + 8_192) + 16 * limits.fetchChunks <= limits.frameBytes,
      'the answer to a read fits a frame',
    ],
    [
      limits.relayPulls * Math.max(limits.pushPullBytes, limits.recordBytes) <= limits.peerLinkBytes / 2,
      'half of a link stays for consensus, whatever clients draw across it',
    ],
    [
      limits.clientConnections * limits.clientUnsentLeastBytes <= limits.nodeUnsentBytes,
      'the least that each connection may draw fits the node',
    ],
    [
      limits.clientUnsentBytes <= limits.addressUnsentBytes &&
        limits.addressUnsentBytes <= limits.nodeUnsentBytes,
      'a connection fits its address, and an address the node',
    ],
    [limits.clientFramesPerSecond <= limits.nodeFramesPerSecond, 'the frames of one connection fit the node'],
    [limits.pushPullBytes <= limits.clientUnsentBytes, 'a connection has room for one pull'],
    [
      limits.clientFramesWaiting >= limits.clientPendingCalls + limits.clientPendingAcks,
      'calls and acks are refused one by one before their connection is closed',
    ],
    [limits.clientPendingCalls >= limits.clientInflightBatches, 'every batch in flight may wait'],
    [limits.metadataTopics >= clientLimits.topicsAtOnce, 'a client may ask for as many topics as it does'],
    [limits.takeNoteMs < limits.takeCheckMs, 'a hand-over is noted before anybody asks for it'],
    [limits.openTakesPerConsumer <= limits.settledTakes, 'the takes of one consumer fit a command'],
  ];
}
