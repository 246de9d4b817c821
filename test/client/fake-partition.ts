/** One partition of the fake cluster: the log with sealed chunks, the rules of producers, and the cursors of consumers. */
import {
  buildChunk,
  chunkKind,
  dateDraft,
  defaultLimits,
  encodeRecords,
  groupId,
  logIndex,
  offset,
  readChunkHeader,
  sealChunk,
  term,
  undated,
  type Failure,
  type Position,
} from '@callboard/client/protocol';
import { crc32 } from '../../src/node/ports/crc32.ts';
import { checkedDraft, decisionError } from '../../src/actors/partition-replica/errors.ts';
import { batchOf } from '../../src/partition/index.ts';
import { ProducerTable } from '../../src/partition/producers.ts';

const producerIdleMs = 1e12;

export interface FakeChunk {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly count: number;
  readonly timestamp: number;
}

interface Cursor {
  session: number;
  at: number | undefined;
}

export class FakePartition {
  readonly group: number;
  readonly chunks: FakeChunk[] = [];
  readonly cursors: Map<string, Cursor> = new Map<string, Cursor>();
  /** Told when a chunk was stored. */
  readonly watchers: Set<() => void> = new Set<() => void>();
  end = 0;
  /** Index of the node that leads; undefined: nobody does. */
  leader: number | undefined;
  readonly #producers = new ProducerTable({
    producerBatchesRemembered: 256,
    producerIdleMs,
    producerEpochSteps: 1_024,
    producerEpochRange: 65_536,
    producersPerPartition: 1_000,
    producersOfNodes: 0,
  });
  #index = 0;
  #checksum = 0;

  constructor(group: number, leader: number) {
    this.group = group;
    this.leader = leader;
  }

  /** Stores a chunk, or finds it stored, by the real rules. */
  produce(draft: Uint8Array): number | Failure {
    const header = checkedDraft(draft, defaultLimits, Date.now(), crc32);
    if ('error' in header) return header.error;
    const bytes = draft.slice();
    if (header.firstTimestamp === undated) dateDraft(bytes, Date.now());
    const batch = batchOf(header);
    const decision = this.#producers.decide(batch, []);
    if (decision.kind === 'duplicate') return decision.baseOffset;
    if (decision.kind !== 'accept') return decisionError(decision, batch);
    const base = this.end;
    this.#producers.apply(batch, base);
    this.#index += 1;
    this.#checksum = sealChunk(
      bytes,
      {
        group: groupId(this.group),
        term: term(1),
        index: logIndex(this.#index),
        baseOffset: offset(base),
        previousChecksum: this.#checksum,
      },
      crc32,
    );
    this.end += header.recordCount;
    const { recordCount: count, firstTimestamp: timestamp } = readChunkHeader(bytes);
    this.chunks.push({ bytes, base, count, timestamp });
    for (const watch of this.watchers) watch();
    return base;
  }

  /** A batch of one record of somebody else. */
  store({
    producerId,
    epoch,
    value,
  }: {
    producerId: Uint8Array;
    epoch: number;
    value: string;
  }): number | Failure {
    const record = { timestampDelta: 0, key: undefined, headers: [], value: new TextEncoder().encode(value) };
    const draft = {
      kind: chunkKind.records,
      body: encodeRecords([record]),
      recordCount: 1,
      producerId,
      producerEpoch: epoch,
      firstSequence: 0,
      firstTimestamp: 1,
      lastTimestampDelta: 0,
    };
    return this.produce(buildChunk(draft, crc32));
  }

  /** Forgets all producers, as after a day without a record of theirs. */
  forgetProducers(): void {
    const target = this.#producers.logTimeMs + producerIdleMs + 1;
    while (this.#producers.logTimeMs < target) this.#producers.advance(target);
  }

  locate({ at, value }: Position): number {
    if (at === 'earliest') return 0;
    if (at === 'latest') return this.end;
    if (at === 'offset') return Math.min(value, this.end);
    return this.chunks.find(({ timestamp }) => timestamp >= value)?.base ?? this.end;
  }

  cursor(consumer: string): Cursor {
    const known = this.cursors.get(consumer) ?? { session: 0, at: undefined };
    this.cursors.set(consumer, known);
    return known;
  }
}
