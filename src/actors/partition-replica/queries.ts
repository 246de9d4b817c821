/**
 * The leader's answers to questions that change nothing: sizes, chunks from an offset on, the place of a position. What says how far
 * the log goes rests on ReadIndex.
 */
import {
  chunkHeaderBytes,
  decodeRecords,
  failure,
  offset,
  readChunkHeader,
  type CallError,
  type LogIndex,
  type Offset,
  type Position,
} from '@callboard/client/protocol';
import { refusalError } from './errors.ts';
import type { ChunkRange, ChunksThen } from './log-reads.ts';
import type { Fetch, Locate, PartitionAnswer, Size } from './messages.ts';

type Asked = Fetch | Locate | Size;

export interface QueryHost {
  readonly readBytes: number;
  readonly fetchChunks: number;
  /** Where the partition's records begin; a position below it stands for this one. */
  readonly first: Offset;
  end(): Offset;
  readableEnd(): Offset;
  /** What the consumer may still read (S12). */
  size(consumer: string): number;
  /** Its takes that are not known to be handed over, nor to be given again. */
  open(consumer: string): number;
  confirm(then: (leads: boolean) => void): void;
  /** Runs `then` once everything that is applied now can be read from this replica's disk; false: leadership ended before. */
  whenReadable(then: (leads: boolean) => void): void;
  /** `gone`: this replica ends before there is an answer. */
  chunks(range: ChunkRange, then: ChunksThen, gone: () => void): boolean;
  time(timestamp: number, then: ChunksThen, gone: () => void): boolean;
  damaged(index: LogIndex): void;
  answer(request: Asked, answer: PartitionAnswer): void;
  fail(request: Asked, error: CallError): void;
}

/** `end`: confirmed. */
export type Place = { readonly offset: Offset; readonly end: Offset } | { readonly error: CallError };

function busy(): CallError {
  return failure('overloaded', { retryAfterMs: 50 });
}

function deposed(): CallError {
  return refusalError('not-leader');
}

export class Queries {
  readonly #host: QueryHost;

  constructor(host: QueryHost) {
    this.#host = host;
  }

  size(request: Size): void {
    const host = this.#host;
    host.confirm((leads) => {
      if (!leads) host.fail(request, deposed());
      else {
        const { id, consumer } = request;
        host.answer(request, { kind: 'sized', id, size: host.size(consumer), open: host.open(consumer) });
      }
    });
  }

  /** Reads, and confirms at the same time: a leader that was deposed unawares knows of an end that others have passed. */
  fetch(request: Fetch): void {
    const host = this.#host;
    const upTo = host.readableEnd();
    const from = offset(Math.max(request.offset, host.first));
    let confirmed = false;
    let chunks: readonly Uint8Array[] | undefined = from < upTo ? undefined : [];
    let open = true;
    const fail = (error: CallError): void => {
      if (open) host.fail(request, error);
      open = false;
    };
    const settle = (): void => {
      if (!open || !confirmed || chunks === undefined) return;
      open = false;
      host.answer(request, { kind: 'fetched', id: request.id, end: host.end(), chunks });
    };
    if (chunks === undefined) {
      const maxBytes = Math.min(request.maxBytes, host.readBytes);
      const range = { offset: from, upTo, maxBytes, maxChunks: host.fetchChunks };
      const done = (read: readonly Uint8Array[], damaged: LogIndex | undefined): void => {
        if (damaged === undefined) {
          chunks = read;
          settle();
          return;
        }
        fail(failure('replica_damaged', { outcome: 'not_applied' }));
        host.damaged(damaged);
      };
      if (!host.chunks(range, done, () => fail(deposed()))) fail(busy());
    }
    if (!open) return;
    host.confirm((leads) => {
      confirmed = leads;
      if (leads) settle();
      else fail(deposed());
    });
  }

  locate(request: Locate): void {
    const host = this.#host;
    this.place(request.position, (place) => {
      if ('error' in place) host.fail(request, place.error);
      else host.answer(request, { kind: 'located', id: request.id, ...place });
    });
  }

  /** For an offset: that offset, or the end if it is above, or the first one if it is below. */
  place(position: Position, then: (place: Place) => void): void {
    const host = this.#host;
    host.confirm((leads) => {
      if (!leads) {
        then({ error: deposed() });
        return;
      }
      const end = host.end();
      if (position.at === 'time') this.#placeOfTime(position.value, end, then);
      else if (position.at === 'earliest') then({ offset: host.first, end });
      else if (position.at === 'latest') then({ offset: end, end });
      else then({ offset: offset(Math.max(host.first, Math.min(position.value, end))), end });
    });
  }

  #placeOfTime(timestamp: number, end: Offset, then: (place: Place) => void): void {
    const host = this.#host;
    host.whenReadable((leads) => {
      if (!leads) {
        then({ error: deposed() });
        return;
      }
      const found: ChunksThen = ([chunk], damaged) => {
        if (damaged !== undefined) {
          then({ error: failure('replica_damaged', { outcome: 'not_applied' }) });
          host.damaged(damaged);
        } else then({ offset: chunk === undefined ? end : firstSince(chunk, timestamp), end });
      };
      const sent = host.time(timestamp, found, () => then({ error: deposed() }));
      if (!sent) then({ error: busy() });
    });
  }
}

/** The chunk's first record at or after `timestamp`; its first one, if only a chunk before it reached that time. */
function firstSince(chunk: Uint8Array, timestamp: number): Offset {
  const { baseOffset, firstTimestamp, recordCount } = readChunkHeader(chunk);
  const records = decodeRecords(chunk.subarray(chunkHeaderBytes), recordCount);
  const at = records.findIndex((record) => firstTimestamp + record.timestampDelta >= timestamp);
  return offset(baseOffset + Math.max(0, at));
}
