/**
 * Produces: where a record goes, and under whose numbers.
 *
 * Without a `sequence` the gateway numbers it itself (see `produce-lane.ts`). With one (S4b) it goes as a chunk of its own under
 * the caller's producer id and the epoch that this has from the directory, so that a repeat by the caller through any node is
 * recognised. The two are never mixed: without a sequence nothing is written under the caller's id.
 */
import {
  buildChunk,
  chunkKind,
  encodeRecords,
  undated,
  unhex,
  type CallError,
  type GroupId,
} from '@callboard/client/protocol';
import type { Topic } from '../../directory/index.ts';
import type { AskResult } from './ask.ts';
import type { PendingCall } from './calls.ts';
import { checkProduce, type ProduceTarget } from './checks.ts';
import { badSequence, noReplicaServes, recordTooLarge, unanswered } from './failures.ts';
import type { Call } from './messages.ts';
import { nodesOf, whenChecked, type GatewayParts } from './parts.ts';
import { ProduceLane, type LaneParts } from './produce-lane.ts';
import { RoundRobin } from './round-robin.ts';

type ProduceCall = Extract<Call, { readonly op: 'produce' }>;

const producerIdBytes = 16;

export class ProduceCalls {
  readonly #parts: GatewayParts;
  readonly #laneParts: LaneParts;
  readonly #turns: RoundRobin;
  readonly #lanes = new Map<GroupId, ProduceLane>();
  /** Lanes that ask when the turn is over. */
  #starting: ProduceLane[] = [];

  constructor(parts: GatewayParts, cursors: number) {
    const { calls, limits, crc32, context } = parts;
    const freshProducerId = (): Uint8Array =>
      Uint8Array.from({ length: producerIdBytes }, () => Math.floor(context.random() * 256));
    this.#parts = parts;
    this.#turns = new RoundRobin(cursors);
    this.#laneParts = {
      calls,
      limits,
      crc32,
      producerId: freshProducerId(),
      freshProducerId,
      now: () => context.now(),
      startLater: (lane) => this.#starting.push(lane),
      trace: context.trace,
    };
  }

  run(call: PendingCall, asked: ProduceCall): void {
    whenChecked(
      this.#parts,
      call,
      () => checkProduce(this.#parts.copy, asked),
      (target) => {
        this.#parts.used.producer(asked.producer);
        this.#send(call, asked, target);
      },
    );
  }

  /** What waits for this topic's partitions is answered, and the numbers of its lanes are forgotten. */
  removed(topic: Topic, error: CallError): void {
    this.#turns.forget(topic.name);
    for (const { group } of topic.partitions) {
      this.#lanes.get(group)?.close(error);
      this.#lanes.delete(group);
    }
  }

  turnEnded(): void {
    const starting = this.#starting;
    if (starting.length === 0) return;
    this.#starting = [];
    for (const lane of starting) this.#parts.asks.start(lane);
  }

  inspect(): Record<string, unknown> {
    const busy = [...this.#lanes.values()]
      .map((lane) => lane.inspect())
      .filter((lane) => (lane['inFlight'] ?? 0) > 0);
    return { lanes: this.#lanes.size, busyLanes: busy.length };
  }

  #send(call: PendingCall, asked: ProduceCall, target: ProduceTarget): void {
    const { sequence, partition, value } = asked;
    const { recordBytes } = this.#parts.limits;
    if (value.byteLength > recordBytes) {
      this.#parts.calls.fail(call, recordTooLarge(value.byteLength, recordBytes));
      return;
    }
    const chosen = partition === undefined ? this.#next(target) : (target.partitions[0] ?? 0);
    const group = target.topic.partitions[chosen]?.group;
    if (group === undefined) throw new Error(`topic ${target.topic.name} lost its partition ${chosen}`);
    if (sequence === undefined) {
      this.#lane(group, chosen).add(call, value);
    } else if (partition === undefined || !Number.isSafeInteger(sequence) || sequence < 0) {
      this.#parts.calls.fail(call, badSequence(sequence));
    } else {
      this.#sendNumbered(call, asked, { sequence, chosen, group });
    }
  }

  /** The next partition in turn whose replicas are not all on inactive brokers. */
  #next(target: ProduceTarget): number {
    const { topic, partitions } = target;
    const start = this.#turns.begin(topic.name, topic.partitions.length);
    const chosen = partitions.find((index) => index >= start) ?? partitions[0] ?? 0;
    this.#turns.end(topic.name, chosen);
    return chosen;
  }

  #lane(group: GroupId, partition: number): ProduceLane {
    const known = this.#lanes.get(group);
    if (known !== undefined) return known;
    const lane = new ProduceLane(this.#laneParts, group, partition, () => nodesOf(this.#parts, group));
    this.#lanes.set(group, lane);
    return lane;
  }

  #sendNumbered(
    call: PendingCall,
    asked: ProduceCall,
    to: { readonly sequence: number; readonly chosen: number; readonly group: GroupId },
  ): void {
    const { calls, crc32, asks } = this.#parts;
    const body = encodeRecords([{ timestampDelta: 0, key: undefined, headers: [], value: asked.value }]);
    const draft = {
      kind: chunkKind.records,
      body,
      recordCount: 1,
      producerId: unhex(asked.producer),
      producerEpoch: this.#parts.copy.epochOfProducer(asked.producer),
      firstSequence: to.sequence,
      firstTimestamp: undated,
      lastTimestampDelta: 0,
    };
    call.expired = () => unanswered(to.group, undefined);
    asks.start({
      group: to.group,
      repeatable: true,
      deadlineMs: call.deadlineMs,
      replicas: () => nodesOf(this.#parts, to.group),
      request: (id, replyTo) =>
        call.open
          ? {
              kind: 'produce',
              id,
              replyTo,
              acks: 'quorum',
              registered: true,
              chunk: buildChunk(draft, crc32),
            }
          : undefined,
      refused: (error, certain) => {
        call.expired = () => (certain ? noReplicaServes(to.group, error) : unanswered(to.group, undefined));
      },
      settled: (result: AskResult) => {
        if (result.kind === 'failed') calls.fail(call, result.error);
        else if (result.answer.kind === 'produced') {
          calls.succeed(call, { op: 'produce', partition: to.chosen, offset: result.answer.baseOffset });
        } else throw new Error(`partition group ${to.group} answered a produce with ${result.answer.kind}`);
      },
    });
  }
}
