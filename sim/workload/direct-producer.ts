/**
 * A producer that speaks to partition leaders directly, as the client library does: batches under its own id, epoch and sequence,
 * several in flight. After any failure it waits until nothing is in flight and sends again from the first batch that is not known
 * to be stored, under the same numbers. Now and then it starts anew: a higher epoch shuts out what the old one left behind. In some
 * seeds it sleeps for longer than partitions remember it, and follows when it is told so.
 */
import { crc32 } from 'node:zlib';
import { buildChunk, chunkKind, encodeRecords } from '@callboard/client/protocol';
import type { PartitionAnswer, PartitionFailed } from '../../src/actors/partition-replica/messages.ts';
import type { SentRecord } from '../checkers/records.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Outcome } from './clients.ts';
import { Memory, misdates } from './memory.ts';
import { leastValueBytes, makeValue } from './values.ts';
import type { KnownTopic, Workload } from './workload.ts';

interface Batch {
  readonly firstSequence: number;
  readonly epoch: number;
  readonly records: readonly SentRecord[];
  timestamp: number;
  /** Attempts so far. */
  sent: number;
  /** The round in which it was last sent. */
  round: number;
  /** Whether none was ahead of it as it was last sent: then alone does an answer say that the partition knows nothing of this producer. */
  foremost: boolean;
  /** When its first attempt began. */
  startMicros: number;
  /** An attempt may have stored it. */
  unknown: boolean;
}

/** What a client's clock says whose node has none just now. */
const clientEpochMs = 1_704_067_200_000;

export class DirectProducer {
  readonly #work: Workload;
  readonly #random: SimRandom;
  readonly #name: string;
  readonly #memory: Memory;
  #group: number;
  #producerId: Uint8Array;
  readonly #window: number;
  /** Not known to be stored, oldest first. */
  #waiting: Batch[] = [];
  #inFlight = 0;
  #failed = false;
  /** Rises when everything that waits must be sent again. */
  #round = 1;
  #epoch = 0;
  #nextSequence = 0;
  #leader: string | undefined;
  #asleep = false;
  /** Set when the partition has forgotten it: the lowest epoch that it takes, if it said so. */
  #forgotten: { readonly nextEpoch: number | undefined } | undefined;

  constructor(work: Workload, topic: KnownTopic, random: SimRandom, name: string) {
    this.#work = work;
    this.#random = random;
    this.#name = name;
    this.#group = random.pick(topic.groups);
    this.#producerId = random.bytes(16);
    this.#window = random.between(1, 5);
    this.#memory = new Memory(work.world, name);
  }

  start(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs * 2, () => {
      this.#moveOn();
      const { naps } = this.#work.world.settings.workload;
      if (this.#random.chance(naps ? 0.05 : 0.01)) this.#startAnew();
      const batches = this.#random.between(1, 3);
      for (let n = 0; n < batches && this.#waiting.length < 20; n += 1) this.#add();
      this.#pump();
      if (this.#random.chance(0.05)) this.#sleep();
      this.start();
    });
  }

  #add(): void {
    const { batchRecords, valueBytes } = this.#work.world.settings.workload;
    const count = this.#random.between(1, batchRecords);
    const records = Array.from({ length: count }, (): SentRecord => ({
      id: this.#work.nextRecord(),
      client: this.#name,
      groups: [this.#group],
      ordered: true,
      bytes: this.#random.between(leastValueBytes, valueBytes),
    }));
    this.#waiting.push({
      firstSequence: this.#nextSequence,
      epoch: this.#epoch,
      records,
      timestamp: 0,
      sent: 0,
      round: 0,
      foremost: false,
      startMicros: 0,
      unknown: false,
    });
    this.#nextSequence += count;
  }

  /** As a client that was restarted: what it had not heard of is left to its fate. */
  #startAnew(): void {
    this.#epoch += 1;
    this.#nextSequence = 0;
    this.#waiting = [];
    this.#failed = false;
    this.#forgotten = undefined;
  }

  /** As a laptop that was closed. */
  #sleep(): void {
    const ms = this.#memory.napMs(this.#random);
    if (ms === 0 || this.#asleep) return;
    this.#asleep = true;
    this.#work.world.after(ms, () => {
      this.#asleep = false;
      this.#recover();
      this.#pump();
    });
  }

  /** The partition was begun anew: nobody there knows of this producer, and what it has not heard of is gone. */
  #moveOn(): void {
    const now = this.#work.world.checks.generations.now(this.#group);
    if (now === this.#group) return;
    this.#group = now;
    this.#leader = undefined;
    this.#producerId = this.#random.bytes(16);
    this.#startAnew();
  }

  #pump(): void {
    if (this.#failed || this.#asleep) return;
    const node = this.#session();
    for (const batch of this.#waiting) {
      if (this.#inFlight >= this.#window) return;
      if (batch.round !== this.#round) this.#send(node, batch);
    }
  }

  /** Where its connection goes: to the leader, as far as it knows one; sometimes another node passes its messages on. */
  #session(): SimNode {
    const { world } = this.#work;
    if (this.#leader === undefined || this.#random.chance(0.1)) return this.#work.anyNode(this.#random);
    return world.node(this.#leader);
  }

  #send(node: SimNode, batch: Batch): void {
    const { world, clients } = this.#work;
    const members = world.checks.promises.members(this.#group);
    const target = this.#leader ?? (this.#random.pick(members) || node.name);
    batch.sent += 1;
    batch.round = this.#round;
    batch.foremost = this.#waiting[0] === batch;
    this.#inFlight += 1;
    if (batch.startMicros === 0) batch.startMicros = world.nowMicros;
    const group = this.#group;
    if (batch.timestamp === 0) batch.timestamp = Math.floor(node.clock?.wallTime() ?? clientEpochMs);
    for (const record of batch.records) world.checks.records.attempt(record, world.nowMicros);
    clients.request(
      node,
      target,
      group,
      { kind: 'produce', acks: 'quorum', chunk: this.#chunk(batch) },
      (outcome) => {
        this.#inFlight -= 1;
        this.#answered(batch, group, outcome);
      },
    );
  }

  #chunk(batch: Batch): Uint8Array {
    const records = batch.records.map(({ id, bytes }) => {
      return { timestampDelta: 0, key: undefined, headers: [], value: makeValue(id, bytes) };
    });
    return buildChunk(
      {
        kind: chunkKind.records,
        body: encodeRecords(records),
        recordCount: records.length,
        producerId: this.#producerId,
        producerEpoch: batch.epoch,
        firstSequence: batch.firstSequence,
        firstTimestamp: batch.timestamp,
        lastTimestampDelta: 0,
      },
      crc32,
    );
  }

  #answered(batch: Batch, group: number, outcome: Outcome<PartitionAnswer>): void {
    // Whoever sleeps has lost its connections.
    const heard: Outcome<PartitionAnswer> = this.#asleep ? { kind: 'lost' } : outcome;
    const answer = heard.kind === 'value' ? heard.value : undefined;
    if (answer?.kind === 'produced') {
      this.#stored(batch, group, answer.baseOffset);
      this.#pump();
      return;
    }
    const refused =
      heard.kind === 'refused' ||
      (answer?.kind === 'partition-failed' && answer.error.outcome === 'not_applied');
    this.#settle(batch, refused ? 'not_applied' : 'unknown');
    if (answer?.kind === 'partition-failed') this.#learn(batch, group, answer);
    else this.#leader = undefined;
    if (batch.epoch === this.#epoch) this.#failed = true;
    this.#recover();
  }

  #stored(batch: Batch, group: number, baseOffset: number): void {
    const { world, counts } = this.#work;
    counts.acked += 1;
    world.report.mix(baseOffset);
    this.#memory.stored(group, batch.startMicros);
    if (batch.epoch > 0 && this.#memory.cameBack(group)) {
      world.report.sometimes('a forgotten producer came back under a higher epoch');
    }
    if (batch.sent > 1) world.report.sometimes('a repeated batch was answered with its old offset');
    batch.records.forEach(({ id }, at) => {
      world.checks.records.answered(id, 'applied', { group, offset: baseOffset + at }, world.nowMicros);
    });
    this.#waiting = this.#waiting.filter((other) => other !== batch);
  }

  #settle(batch: Batch, outcome: 'not_applied' | 'unknown'): void {
    const { world, counts } = this.#work;
    if (outcome === 'unknown') counts.unknown += 1;
    else counts.failed += 1;
    if (outcome === 'unknown') batch.unknown = true;
    if (outcome === 'unknown') world.report.sometimes('a produce ended unknown');
    for (const { id } of batch.records) {
      world.checks.records.answered(id, outcome, undefined, world.nowMicros);
    }
  }

  #learn(batch: Batch, group: number, { error, leader }: PartitionFailed): void {
    const { world } = this.#work;
    const { report } = world;
    // An answer of the generation before says nothing of this one.
    if (group !== this.#group) return;
    this.#leader = leader;
    if (error.code === 'sequence_gap') report.sometimes('a batch met a sequence gap');
    if (error.outcome === 'applied') this.#waiting = this.#waiting.filter((other) => other !== batch);
    // One that overtook the first of its producer in a partition begun anew is told so too, though its turn only has not come.
    if (error.code === 'producer_expired' && batch.epoch === this.#epoch && batch.foremost) {
      this.#memory.forgotten(group);
      this.#forgotten = { nextEpoch: error.nextEpoch };
    }
    const misdated = error.code === 'bad_request' && misdates(world, error);
    // Bytes that may be stored are sent again as they are.
    if (misdated && !batch.unknown) batch.timestamp = 0;
    const fencedByNobody = error.code === 'producer_fenced' && batch.epoch === this.#epoch;
    const impossible = fencedByNobody || (error.code === 'bad_request' && !misdated);
    if (impossible) report.violation('numbers', `${this.#name} was answered ${error.code}: ${error.message}`);
  }

  #recover(): void {
    if (!this.#failed || this.#inFlight > 0) return;
    if (this.#random.chance(0.2)) this.#sleep();
    this.#work.world.after(this.#random.between(10, 400), () => {
      if (!this.#failed || this.#inFlight > 0 || this.#asleep) return;
      this.#failed = false;
      this.#round += 1;
      if (this.#forgotten !== undefined) this.#follow(this.#forgotten.nextEpoch);
      this.#pump();
    });
  }

  /** What may be stored is left to its fate; the rest gets numbers that the partition takes. */
  #follow(nextEpoch: number | undefined): void {
    this.#forgotten = undefined;
    if (nextEpoch !== undefined && nextEpoch <= this.#epoch) {
      this.#producerId = this.#random.bytes(16);
      this.#epoch = 0;
    } else this.#epoch = nextEpoch ?? this.#epoch + 1;
    const kept = this.#waiting.filter(({ unknown }) => !unknown);
    this.#nextSequence = 0;
    this.#waiting = kept.map((batch) => {
      const firstSequence = this.#nextSequence;
      this.#nextSequence += batch.records.length;
      return { ...batch, firstSequence, epoch: this.#epoch, timestamp: 0, sent: 0, round: 0, startMicros: 0 };
    });
  }
}
