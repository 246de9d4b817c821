/**
 * LogReader: every read of the node's log. See messages.ts for what it takes.
 *
 * At most `readsInFlight` requests run at a time. Reads of entries (replication, healing, applying) and those of consumers take turns: a
 * group that catches up over hours must not keep consumers waiting, nor the other way round.
 * Nothing unverified leaves: the store checks checksums and chain, and a chunk that does not hold the offset it was found
 * by is reported as damage, never served (SEMANTICS S7).
 */
import type { Actor, Context } from '../../kernel/index.ts';
import type { EntriesAnswer, LogStore } from '../../raft/index.ts';
import { chunkKind, logIndex, readChunkHeader, type LogIndex } from '@callboard/client/protocol';
import type { FindTime, LogReaderMessage, ReadChunks, ReadEntries } from './messages.ts';

export interface LogReaderOptions {
  readonly store: LogStore;
  readonly readsInFlight: number;
}

export class LogReader implements Actor<LogReaderMessage> {
  readonly #store: LogStore;
  readonly #readsInFlight: number;
  readonly #entryReads: ReadEntries[] = [];
  readonly #chunkReads: (ReadChunks | FindTime)[] = [];
  /** Whose turn it is when both wait. */
  #entriesNext = true;
  #running = 0;
  #served = 0;

  constructor(options: LogReaderOptions) {
    this.#store = options.store;
    this.#readsInFlight = options.readsInFlight;
  }

  receive(message: LogReaderMessage, context: Context<LogReaderMessage>): void {
    if (message.kind === 'read-entries') this.#entryReads.push(message);
    else if (message.kind === 'read-done') this.#running -= 1;
    else this.#chunkReads.push(message);
    this.#startNext(context);
  }

  inspect(): Record<string, unknown> {
    return {
      waiting: this.#entryReads.length + this.#chunkReads.length,
      running: this.#running,
      served: this.#served,
    };
  }

  #startNext(context: Context<LogReaderMessage>): void {
    while (this.#running < this.#readsInFlight) {
      const request = this.#next();
      if (request === undefined) return;
      this.#running += 1;
      this.#served += 1;
      if (request.kind === 'read-entries') this.#readEntries(request, context);
      else if (request.kind === 'find-time') this.#findTime(request, context);
      else this.#readChunks(request, context);
    }
  }

  #next(): ReadEntries | ReadChunks | FindTime | undefined {
    const [first, second] = this.#entriesNext
      ? [this.#entryReads, this.#chunkReads]
      : [this.#chunkReads, this.#entryReads];
    const request = first.shift() ?? second.shift();
    if (request !== undefined) this.#entriesNext = request.kind !== 'read-entries';
    return request;
  }

  #readEntries(request: ReadEntries, context: Context<LogReaderMessage>): void {
    const { group, from, to, maxBytes, maxEntries, cut } = request;
    this.#store.readEntries({ group, from, to, maxBytes, maxEntries, cut }, (answer) => {
      const { incarnation, id } = request;
      context.send(
        request.replyTo,
        { kind: 'group-loaded', incarnation, id, entries: answer.entries, bad: answer.bad },
        'control',
      );
      context.send(context.self, { kind: 'read-done' }, 'control');
    });
  }

  #readChunks(request: ReadChunks, context: Context<LogReaderMessage>): void {
    const { at } = request;
    if (at === undefined || at > request.maxIndex) this.#readFound(request, context);
    else {
      this.#readFrom(request, at, (found) => {
        if (found.bad !== undefined || chunksOf(request, found).length > 0) {
          answerChunks(request, found, context);
        }
        // Commands without end, or an index that has gone astray: the offset index knows the place.
        else this.#readFound(request, context);
      });
    }
  }

  #readFound(request: ReadChunks, context: Context<LogReaderMessage>): void {
    const { group, maxIndex } = request;
    this.#store.findOffset(group, request.offset, ({ index }) => {
      if (index === undefined || index > maxIndex) {
        answerChunks(request, { entries: [], bad: index ?? logIndex(0) }, context);
        return;
      }
      this.#readFrom(request, index, (answer) => answerChunks(request, answer, context));
    });
  }

  #readFrom(request: ReadChunks, from: LogIndex, then: (found: EntriesAnswer) => void): void {
    const { group, maxIndex, maxBytes, maxChunks, upTo, offset } = request;
    // The entry found by the index holds the first record, and each further one at least one more: a consumer that takes
    // one record must not cost the verification of a megabyte.
    const maxEntries = Math.max(1, Math.min(maxChunks, upTo - offset));
    this.#store.readEntries({ group, from, to: maxIndex, maxBytes, maxEntries, cut: 'tail' }, then);
  }

  #findTime(request: FindTime, context: Context<LogReaderMessage>): void {
    const { group, timestamp, maxIndex, incarnation, id, replyTo } = request;
    const answer = (chunk: Uint8Array | undefined, damaged: LogIndex | undefined): void => {
      context.send(replyTo, { kind: 'find-time-answer', incarnation, id, chunk, damaged }, 'control');
      context.send(context.self, { kind: 'read-done' }, 'control');
    };
    this.#store.findTime(group, timestamp, ({ index, unread }) => {
      if (index === undefined || index > maxIndex) {
        answer(undefined, unread === true ? logIndex(0) : undefined);
        return;
      }
      const one = { group, from: index, to: index, maxBytes: 1, maxEntries: 1, cut: 'tail' } as const;
      this.#store.readEntries(one, ({ entries: [entry], bad }) => {
        answer(entry?.bytes, entry === undefined ? (bad ?? index) : undefined);
      });
    });
  }
}

function chunksOf(request: ReadChunks, found: EntriesAnswer): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (const entry of found.entries) {
    const header = readChunkHeader(entry.bytes);
    if (header.kind !== chunkKind.records) continue;
    if (header.baseOffset >= request.upTo) break;
    const end = header.baseOffset + header.recordCount;
    // The first one must hold the offset that it was found by: an index key may be an older, intact value.
    if (chunks.length === 0 && (header.baseOffset > request.offset || end <= request.offset)) break;
    chunks.push(entry.bytes);
  }
  return chunks;
}

function answerChunks(request: ReadChunks, found: EntriesAnswer, context: Context<LogReaderMessage>): void {
  const chunks = chunksOf(request, found);
  // Everything up to `maxIndex` must be sound: what is bad there is damage, also if something can be served that lies before it.
  const misplaced = chunks.length > 0 ? undefined : (found.entries[0]?.index ?? logIndex(0));
  const damaged = found.bad ?? misplaced;
  const { incarnation, id } = request;
  context.send(request.replyTo, { kind: 'read-chunks-answer', incarnation, id, chunks, damaged }, 'control');
  context.send(context.self, { kind: 'read-done' }, 'control');
}
