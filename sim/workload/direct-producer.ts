/**
 * A producer that speaks to partition leaders directly, as the client library does: batches under its own id, epoch and sequence,
 * several in flight. After any failure it waits until nothing is in flight and sends again from the first batch that is not known
 * to be stored, under the same numbers. Now and then it starts anew: a higher epoch shuts out what the old one left behind.
 */
import { crc32 } from 'node:zlib';
import { buildChunk, chunkKind, encodeRecords } from '@callboard/client/protocol';
import type { PartitionAnswer, PartitionFailed } from '../../src/actors/partition-replica/messages.ts';
import type { SentRecord } from '../checkers/records.ts';
import type { SimNode } from '../node.ts';
import type { SimRandom } from '../ports/sim-random.ts';
import type { Outcome } from './clients.ts';
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
}

/** What a client's clock says whose node has none just now. */
const clientEpochMs = 1_704_067_200_000;

export class DirectProducer {
  readonly #work: Workload;
  readonly #random: SimRandom;
  readonly #name: string;
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

  constructor(work: Workload, topic: KnownTopic, random: SimRandom, name: string) {
    this.#work = work;
    this.#random = random;
    this.#name = name;
    this.#group = random.pick(topic.groups);
    this.#producerId = random.bytes(16);
    this.#window = random.between(1, 5);
  }

  start(): void {
    const { thinkMs } = this.#work.world.settings.workload;
    this.#work.later(this.#random, thinkMs * 2, () => {
      this.#follow();
      if (this.#random.chance(0.01)) this.#startAnew();
      const batches = this.#random.between(1, 3);
      for (let n = 0; n < batches && this.#waiting.length < 20; n += 1) this.#add();
      this.#pump();
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
    });
    this.#nextSequence += count;
  }

  /** As a client that was restarted: what it had not heard of is left to its fate. */
  #startAnew(): void {
    this.#epoch += 1;
    this.#nextSequence = 0;
    this.#waiting = [];
    this.#failed = false;
  }

  /** The partition was begun anew: nobody there knows of this producer, and what it has not heard of is gone. */
  #follow(): void {
    const now = this.#work.world.checks.generations.now(this.#group);
    if (now === this.#group) return;
    this.#group = now;
    this.#leader = undefined;
    this.#producerId = this.#random.bytes(16);
    this.#startAnew();
  }

  #pump(): void {
    if (this.#failed) return;
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
    this.#inFlight += 1;
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
    const answer = outcome.kind === 'value' ? outcome.value : undefined;
    if (answer?.kind === 'produced') {
      this.#stored(batch, group, answer.baseOffset);
      this.#pump();
      return;
    }
    const refused =
      outcome.kind === 'refused' ||
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
    if (outcome === 'unknown') world.report.sometimes('a produce ended unknown');
    for (const { id } of batch.records) {
      world.checks.records.answered(id, outcome, undefined, world.nowMicros);
    }
  }

  #learn(batch: Batch, group: number, { error, leader }: PartitionFailed): void {
    const { report } = this.#work.world;
    // An answer of the generation before says nothing of this one.
    if (group !== this.#group) return;
    this.#leader = leader;
    if (error.code === 'sequence_gap') report.sometimes('a batch met a sequence gap');
    if (error.outcome === 'applied') this.#waiting = this.#waiting.filter((other) => other !== batch);
    const fencedByNobody = error.code === 'producer_fenced' && batch.epoch === this.#epoch;
    // A partition that was begun anew says so of a batch that came before the first one of its producer.
    const expired =
      error.code === 'producer_expired' && this.#work.world.checks.generations.first(group) === 0;
    const impossible = fencedByNobody || expired || error.code === 'bad_request';
    if (impossible) report.violation('numbers', `${this.#name} was answered ${error.code}: ${error.message}`);
  }

  #recover(): void {
    if (!this.#failed || this.#inFlight > 0) return;
    this.#work.world.after(this.#random.between(10, 400), () => {
      if (!this.#failed || this.#inFlight > 0) return;
      this.#failed = false;
      this.#round += 1;
      this.#pump();
    });
  }
}
