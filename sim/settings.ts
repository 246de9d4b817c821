/**
 * What a seed decides before the run begins: size of the cluster, limits, network, disks, workload and the swarm of faults.
 *
 * Swarm testing: each seed draws a subset of the faults with intensities of its own, since faults that are always on hide what
 * the others would have shown. A quarter of the seeds has none, and must then show no trace of one.
 */
import { assertLimits, defaultLimits, type Limits } from '@callboard/client/protocol';
import { faultKinds, type FaultKind } from './observe/fault-kinds.ts';
import { SimRandom } from './ports/sim-random.ts';

export interface NetworkSettings {
  /** One way, for a small frame. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bulkBytesPerMs: number;
  /** Messages of consensus are lost, repeated, overtaken and delivered minutes later, one by one. */
  readonly raw: boolean;
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly late: number;
  readonly reorderMs: number;
}

export interface FaultSettings {
  /** Empty: none at all. */
  readonly kinds: readonly FaultKind[];
  /** Mean pause between two faults within a stormy window. */
  readonly meanGapMs: number;
  /** Windows of storm and calm take turns. */
  readonly stormMs: number;
  readonly calmMs: number;
  /** No disk is wiped before. */
  readonly wipeFromMs: number;
  /** How often a fault goes for a leader. */
  readonly leaderBias: number;
  /** Wall clocks jump by days too, and come back later. */
  readonly clockDays: boolean;
}

export interface WorkloadSettings {
  readonly topics: number;
  /** Names under which topics are created, removed and created again. */
  readonly fleeting: number;
  readonly maxPartitions: number;
  readonly httpProducers: number;
  readonly directProducers: number;
  readonly consumers: number;
  /** Instances of the one durable consumer of each topic that is pushed to, and readers without a name. */
  readonly pushed: number;
  readonly pushReaders: number;
  /** Programs per topic that use the client library itself. */
  readonly realClients: number;
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number;
  readonly batchRecords: number;
  readonly valueBytes: number;
  /** Records that a producer now and then sends all at once; 0: it never does. */
  readonly burst: number;
  /** Windows without any call. */
  readonly idle: boolean;
  /** Producers now and then say nothing for longer than partitions remember them. */
  readonly naps: boolean;
}

export interface DiskSettings {
  readonly journalBytes: number;
  readonly tailSyncMs: number;
  readonly walkPageBytes: number;
  readonly indexGapBytes: number;
}

export interface Settings {
  readonly seed: string;
  readonly minutes: number;
  readonly nodes: readonly string[];
  /** Messages between nodes are encoded, packed, unpacked and decoded; otherwise they are frozen and shared. */
  readonly encode: boolean;
  /** The first topic is kept in memory, and about half of the others. */
  readonly memory: boolean;
  readonly limits: Limits;
  readonly network: NetworkSettings;
  readonly faults: FaultSettings;
  readonly workload: WorkloadSettings;
  readonly disk: DiskSettings;
}

export function drawSettings(seed: string, minutes: number): Settings {
  const random = new SimRandom(seed).fork('settings');
  const count = drawNodes(random.fork('nodes'));
  // Five nodes are there for splits of two against three: never calm, or too few seeds would have one.
  const stormy = random.fork('weather').chance(0.68) || count >= 5;
  const memory = random.fork('memory').chance(0.3);
  const clockDays = random.fork('clock days').chance(0.3);
  const limits = drawLimits(random.fork('limits'));
  const faults = drawFaults(random.fork('faults'), stormy, count, minutes);
  const naps = limits.producerIdleMs < defaultLimits.producerIdleMs;
  const workload = { ...drawWorkload(random.fork('workload')), naps };
  return {
    seed,
    minutes,
    nodes: Array.from({ length: count }, (_, at) => `node-${at + 1}`),
    encode: random.fork('codec').chance(0.5),
    memory,
    limits,
    network: drawNetwork(random.fork('network'), stormy),
    faults: { ...faults, clockDays },
    // What a split meets should often be a removal.
    workload: count >= 5 ? { ...workload, fleeting: 1 } : workload,
    disk: drawDisk(random.fork('disk')),
  };
}

function drawNodes(random: SimRandom): number {
  const drawn = random.next();
  if (drawn < 0.05) return 1;
  if (drawn < 0.08) return 2;
  if (drawn < 0.12) return 4;
  return drawn < 0.34 ? 5 : 3;
}

/** Sometimes tiny, so that every window and cache runs full; all relations between limits must go on to hold. */
function drawLimits(random: SimRandom): Limits {
  const small = (chance: number, value: number, usual: number): number =>
    random.chance(chance) ? value : usual;
  // A coarser tick with the same times in milliseconds: an idle cluster then costs half as much to simulate.
  const coarse = random.chance(0.75)
    ? { tickMs: 100, heartbeatTicks: 3, electionTicksMin: 10, electionTicksMax: 20, stallTicks: 50 }
    : {};
  const gatewayPendingCalls = small(0.4, random.between(3, 12), defaultLimits.gatewayPendingCalls);
  const appendEntries = small(0.3, random.between(1, 8), defaultLimits.appendEntries);
  const limits = {
    ...defaultLimits,
    ...coarse,
    appendEntries,
    appendBytes: small(0.3, random.between(500, 4_000), defaultLimits.appendBytes),
    inflightMessages: small(0.3, random.between(1, 4), defaultLimits.inflightMessages),
    inflightBytes: small(0.2, random.between(2_000, 20_000), defaultLimits.inflightBytes),
    entryCacheBytes: small(0.5, random.between(1, 30_000), defaultLimits.entryCacheBytes),
    uncommittedGroupBytes: small(0.2, random.between(2_000, 30_000), defaultLimits.uncommittedGroupBytes),
    readBytes: small(0.3, random.between(300, 5_000), defaultLimits.readBytes),
    writerBatchEntries: small(0.3, random.between(1, 8), defaultLimits.writerBatchEntries),
    gatewayBatchRecords: small(0.3, random.between(1, 4), defaultLimits.gatewayBatchRecords),
    readsInFlight: small(0.3, 1, defaultLimits.readsInFlight),
    gatewayPendingCalls,
    ...drawTinyLimits(random.fork('tiny'), gatewayPendingCalls),
    ...drawLossTimes(random.fork('loss'), coarse),
    ...drawPushLimits(random.fork('push')),
    ...drawProducerLimits(random.fork('producers')),
  };
  assertLimits(limits);
  return limits;
}

/** Bounds that hardly ever matter as they are: a seed has some of them so small that they are met. */
function drawTinyLimits(random: SimRandom, gatewayPendingCalls: number): Partial<Limits> {
  const small = (value: number, usual: number): number => (random.chance(0.25) ? value : usual);
  return {
    pendingReads: small(random.between(1, 4), defaultLimits.pendingReads),
    beatRows: small(random.between(1, 3), defaultLimits.beatRows),
    beatExceptions: small(random.between(1, 2), defaultLimits.beatExceptions),
    writerBatchBytes: small(random.between(1, 4_000), defaultLimits.writerBatchBytes),
    gatewayBatchBytes: small(random.between(400, 2_000), defaultLimits.gatewayBatchBytes),
    producerBatchesRemembered: small(8, defaultLimits.producerBatchesRemembered),
    clientInflightBatches: 8,
    managerPendingChanges: small(random.between(2, 6), defaultLimits.managerPendingChanges),
    managerPendingBarriers: small(gatewayPendingCalls, defaultLimits.managerPendingBarriers),
    mailboxDataMessages: small(random.between(8, 64), defaultLimits.mailboxDataMessages),
    scrubPageBytes: small(random.between(200, 2_000), defaultLimits.scrubPageBytes),
    clientPendingAcks: small(random.between(1, 4), defaultLimits.clientPendingAcks),
  };
}

/** How long copies in memory look for a leader before they give themselves up: from the least that is allowed. */
function drawLossTimes(random: SimRandom, ticks: Partial<Limits>): Partial<Limits> {
  const { tickMs, electionTicksMax } = { ...defaultLimits, ...ticks };
  return { memoryLossMs: random.pick([2 * tickMs * electionTicksMax, 7_000, 10_000, 10_000]) };
}

function drawPushLimits(random: SimRandom): Partial<Limits> {
  const small = (value: number, usual: number): number => (random.chance(0.4) ? value : usual);
  const pushPullBytes = small(random.between(1, 2_000), defaultLimits.pushPullBytes);
  return {
    pushPullBytes,
    pushPullChunks: small(random.between(1, 3), defaultLimits.pushPullChunks),
    pushTailBytes: small(random.between(1, 3_000), defaultLimits.pushTailBytes),
    pushRoundAcks: small(1, defaultLimits.pushRoundAcks),
    relayPulls: small(1, defaultLimits.relayPulls),
    clientUnsentBytes: small(pushPullBytes, defaultLimits.clientUnsentBytes),
  };
}

/** In a third of the seeds producers are forgotten after seconds, not after a day. */
function drawProducerLimits(random: SimRandom): Partial<Limits> {
  return random.chance(0.33) ? { producerIdleMs: random.between(3_000, 20_000) } : {};
}

function drawNetwork(random: SimRandom, stormy: boolean): NetworkSettings {
  const raw = stormy && random.chance(0.5);
  const some = (chance: number, most: number): number =>
    raw && random.chance(chance) ? most * random.next() : 0;
  const far = random.chance(0.15);
  return {
    latencyMs: far ? 2 + 20 * random.next() : 0.1 + random.next(),
    jitterMs: far ? 10 * random.next() : 0.05 + random.next(),
    bulkBytesPerMs: random.chance(0.2) ? random.between(200, 2_000) : 50_000,
    raw,
    loss: some(0.8, 0.05),
    duplicate: some(0.8, 0.05),
    reorder: some(0.8, 0.1),
    late: some(0.8, 0.005),
    reorderMs: random.chance(0.2) ? 3_000 : 50,
  };
}

/** What needs a second copy to be mended. */
const damaging: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'wipe',
  'hole',
  'batch-hole',
  'tail-lost',
  'older-value',
  'bit-flip',
  'open-failed',
  'helical',
  'bad-read',
  'read-error',
]);
const betweenNodes: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'isolate',
  'one-way-cut',
  'bulk-cut',
  'clog',
  'connection-break',
  'deactivate',
]);

function drawFaults(
  random: SimRandom,
  stormy: boolean,
  nodes: number,
  minutes: number,
): Omit<FaultSettings, 'clockDays'> {
  const share = random.pick([0.3, 0.5, 0.6, 0.8, 1]);
  const possible = faultKinds.filter(
    (kind) => kind !== 'split' && (nodes > 1 || !(damaging.has(kind) || betweenNodes.has(kind))),
  );
  const kinds = possible.filter(() => random.chance(share));
  if (nodes >= 5) kinds.push('split');
  return {
    kinds: stormy ? kinds : [],
    meanGapMs: random.pick([1_500, 3_000, 5_000, 10_000]),
    stormMs: random.between(20_000, 120_000),
    calmMs: random.between(5_000, 60_000),
    wipeFromMs: 60_000 * minutes * random.fork('wipe').pick([0, 0.3, 0.6, 0.8, 0.8]),
    leaderBias: random.pick([0, 0.5, 0.8]),
  };
}

function drawWorkload(random: SimRandom): Omit<WorkloadSettings, 'naps'> {
  const push = random.fork('push');
  return {
    pushed: push.between(0, 2),
    pushReaders: push.between(0, 1),
    realClients: random.fork('real clients').pick([0, 0, 0, 1, 1, 2]),
    topics: random.pick([1, 1, 1, 2, 3]),
    fleeting: random.fork('fleeting').pick([0, 0, 1]),
    maxPartitions: random.pick([1, 1, 1, 2, 2, 4]),
    httpProducers: random.between(1, 2),
    directProducers: random.between(1, 2),
    consumers: random.between(1, 2),
    thinkMs: random.pick([2_000, 4_000, 8_000, 12_000]),
    batchRecords: random.pick([10, 20, 50]),
    valueBytes: random.pick([16, 60, 300]),
    idle: random.chance(0.5),
    burst: random.chance(0.3) ? random.between(5, 40) : 0,
  };
}

function drawDisk(random: SimRandom): DiskSettings {
  return {
    journalBytes: random.pick([4_000, 20_000, 200_000]),
    tailSyncMs: random.pick([0, 200, 1_000, 1_000, 5_000]),
    walkPageBytes: random.pick([500, 8_000, 256 << 10]),
    indexGapBytes: random.pick([1, 500, 4_000, 64 << 10]),
  };
}
