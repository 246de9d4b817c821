/** A subscription over raw frames, for tests: decodes what is delivered, grants credit and acknowledges as it is told. */
import {
  chunkHeaderBytes,
  decodeRecords,
  fromErrorReply,
  readChunkHeader,
  type Failure,
  type NodeFrame,
  type Offset,
  type Position,
  type SessionOf,
} from '@callboard/client/protocol';
import { CallFailed, type RawClient } from './raw-client.ts';
import { until } from './until.ts';

export interface PushReaderOptions {
  readonly topic: string;
  readonly partition: number;
  readonly owner?: SessionOf;
  readonly start?: Position;
  readonly reset?: boolean;
  readonly creditRecords?: number;
  readonly creditBytes?: number;
}

export const earliest: Position = { at: 'earliest', value: 0 };

export interface Received {
  readonly offset: number;
  readonly text: string;
}

export class PushReader {
  readonly client: RawClient;
  /** Its name on the connection. */
  readonly correlation: number;
  readonly records: Received[] = [];
  /** The offset that `subscribed` named. */
  begin: number | undefined;
  /** The same, then the one after the last record delivered. */
  next: number | undefined;
  end = 0;
  ended: Failure | undefined;
  /** Grants what was used up as it comes. */
  keepReading = true;

  private constructor(client: RawClient, options: PushReaderOptions) {
    const { topic, partition, owner, start = earliest, reset = false } = options;
    const { creditRecords = 1_000, creditBytes = 1 << 20 } = options;
    this.client = client;
    const call = { kind: 'subscribe', topic, partition, start, reset, creditRecords, creditBytes } as const;
    this.correlation = client.subscribe(owner === undefined ? call : { ...call, owner }, (frame) =>
      this.#take(frame),
    );
  }

  static start(client: RawClient, options: PushReaderOptions): PushReader {
    return new PushReader(client, options);
  }

  /** Resolves when it is subscribed, throws when that was refused. */
  static async open(client: RawClient, options: PushReaderOptions): Promise<PushReader> {
    const reader = new PushReader(client, options);
    await until('subscribed', () => reader.next !== undefined || reader.ended !== undefined);
    if (reader.ended !== undefined) {
      throw new CallFailed(`${reader.ended.code}: ${reader.ended.message}`, reader.ended);
    }
    return reader;
  }

  get texts(): string[] {
    return this.records.map(({ text }) => text);
  }

  grant(records: number, bytes: number): void {
    this.client.sendAs(this.correlation, { kind: 'credit', records, bytes });
  }

  /** Resolves with the cursor. */
  async ack(upTo: number): Promise<number> {
    const { correlation: subscription } = this;
    const answer = await this.client.call({ kind: 'ack', subscription, upTo: upTo as Offset });
    if (answer.kind !== 'acked') throw new Error(`an ack was answered with ${answer.kind}`);
    return answer.cursor;
  }

  async unsubscribe(): Promise<void> {
    await this.client.call({ kind: 'unsubscribe', subscription: this.correlation });
  }

  #take(frame: NodeFrame): void {
    if (frame.kind === 'subscribed') {
      this.begin = frame.offset;
      this.next = frame.offset;
      this.end = frame.end;
    } else if (frame.kind === 'delivery') {
      this.end = frame.end;
      for (const chunk of frame.chunks) this.#chunk(chunk);
    } else if (frame.kind === 'error') this.ended = fromErrorReply(frame);
    else throw new Error(`a subscription was sent ${frame.kind}`);
  }

  #chunk(chunk: Uint8Array): void {
    const { baseOffset, recordCount } = readChunkHeader(chunk);
    const records = decodeRecords(chunk.subarray(chunkHeaderBytes), recordCount);
    if (baseOffset > (this.next ?? 0)) throw new Error(`offsets ${this.next} to ${baseOffset} were skipped`);
    let used = 0;
    for (const [i, { value }] of records.entries()) {
      const offset = baseOffset + i;
      if (offset < (this.next ?? 0)) continue;
      this.records.push({ offset, text: new TextDecoder().decode(value) });
      this.next = offset + 1;
      used += 1;
    }
    if (this.keepReading) this.grant(used, chunk.byteLength);
  }
}

/** Asks for the next session of a consumer. */
export async function openConsumer(client: RawClient, topic: string, consumer: string): Promise<SessionOf> {
  const answer = await client.call({ kind: 'open-consumer', topic, consumer });
  if (answer.kind !== 'consumer-opened') throw new Error(`open-consumer was answered with ${answer.kind}`);
  return { consumer, session: answer.session };
}
