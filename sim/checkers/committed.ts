/**
 * The committed log of each group, as the cluster has told it so far (RELIABILITY R5, Q4, Q5): an entry that one replica says is
 * committed never changes, offsets are dense, and a producer's batches follow each other without gap or repeat
 * within an epoch. Keeps what the other checkers compare with.
 */
import { chunkHeaderBytes, chunkKind, decodeRecords, readChunkHeader } from '@callboard/client/protocol';
import {
  anonymousProducer,
  decodeClock,
  decodeCursorCommand,
  type CursorCommand,
} from '../../src/partition/index.ts';
import type { SeenEntry } from './log-matching.ts';

export interface CommittedRecord {
  readonly group: number;
  readonly offset: number;
  readonly value: Uint8Array;
}

export interface CommittedOptions {
  /** An entry that was seen somewhere, for what a replica commits without having it in memory. */
  readonly find: (group: number, index: number, checksum: number) => SeenEntry | undefined;
  /** Called with each entry of the directory. */
  readonly onDirectory?: (bytes: Uint8Array) => void;
  /** Offset of the first record of a group; 0 unless given. */
  readonly first?: (group: number) => number;
  readonly onEntry?: (group: number, index: number, term: number) => void;
  readonly onRecord: (record: CommittedRecord) => void;
  /** A command of `group`, whose records end at `end`. */
  readonly onCommand: (group: number, command: CursorCommand, end: number) => void;
  readonly report: (text: string) => void;
}

interface Numbers {
  epoch: number;
  next: number;
}

export class CommittedGroup {
  /** Checksum and term by index; 0 holds the beginning. */
  readonly checksums: number[] = [0];
  readonly terms: number[] = [0];
  /** The term of the replica that was the first to say so. */
  readonly committedIn: number[] = [0];
  /** Values from the first offset on. */
  readonly values: Uint8Array[] = [];
  /** Offset of the first record, and every consumer's first position. */
  readonly first: number;
  readonly producers: Map<string, Numbers> = new Map();

  constructor(first: number) {
    this.first = first;
  }

  get last(): number {
    return this.checksums.length - 1;
  }

  get end(): number {
    return this.first + this.values.length;
  }

  valueAt(offset: number): Uint8Array | undefined {
    return this.values[offset - this.first];
  }
}

export class CommittedChecker {
  readonly #options: CommittedOptions;
  readonly #groups = new Map<number, CommittedGroup>();

  constructor(options: CommittedOptions) {
    this.#options = options;
  }

  group(group: number): CommittedGroup {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const fresh = new CommittedGroup(this.#options.first?.(group) ?? 0);
    this.#groups.set(group, fresh);
    return fresh;
  }

  groups(): ReadonlyMap<number, CommittedGroup> {
    return this.#groups;
  }

  /** `node`, in term `inTerm`, says that everything up to this entry is committed. */
  committed(node: string, group: number, entry: SeenEntry, inTerm: number): void {
    const model = this.group(group);
    const known = model.checksums[entry.index];
    if (known !== undefined) {
      if (known === entry.checksum) return;
      this.#options.report(
        `${node} committed entry ${entry.index} of group ${group} in term ${entry.term}, but another one of term ${model.terms[entry.index]} was committed there`,
      );
      return;
    }
    const chain = this.#chainTo(group, model, entry);
    if (chain === undefined) {
      this.#options.report(
        `${node} committed entry ${entry.index} of group ${group}, which does not continue the committed log`,
      );
      return;
    }
    for (const next of chain) this.#append(group, model, next, inTerm);
  }

  /** `node` applies this entry to its state. */
  applying(node: string, group: number, index: number, checksum: number): void {
    const known = this.group(group).checksums[index];
    if (known === undefined) {
      this.#options.report(`${node} applies entry ${index} of group ${group}, which nobody has committed`);
    } else if (known !== checksum) {
      this.#options.report(
        `${node} applies another entry ${index} of group ${group} than was committed there`,
      );
    }
  }

  /** The entries from the end of the model to this one, oldest first. */
  #chainTo(group: number, model: CommittedGroup, entry: SeenEntry): readonly SeenEntry[] | undefined {
    const chain = [entry];
    for (let lowest = entry; lowest.index > model.last + 1;) {
      const below = this.#options.find(group, lowest.index - 1, lowest.previous);
      if (below === undefined) return undefined;
      chain.push(below);
      lowest = below;
    }
    return chain.at(-1)?.previous === model.checksums[model.last] ? chain.toReversed() : undefined;
  }

  #append(group: number, model: CommittedGroup, entry: SeenEntry, inTerm: number): void {
    model.checksums.push(entry.checksum);
    model.terms.push(entry.term);
    model.committedIn.push(inTerm);
    this.#options.onEntry?.(group, entry.index, entry.term);
    if (group === 0) {
      this.#options.onDirectory?.(entry.bytes);
      return;
    }
    const header = readChunkHeader(entry.bytes);
    const body = entry.bytes.subarray(chunkHeaderBytes);
    if (header.kind === chunkKind.command) {
      if (decodeClock(body) === undefined) {
        this.#options.onCommand(group, decodeCursorCommand(body), model.end);
      }
      return;
    }
    if (header.kind !== chunkKind.records) return;
    if (header.baseOffset !== model.end) {
      this.#options.report(
        `entry ${entry.index} of group ${group} begins at offset ${header.baseOffset}, the log ends at ${model.end}`,
      );
    }
    this.#count(group, model, header);
    for (const { value } of decodeRecords(body, header.recordCount)) {
      model.values.push(value);
      this.#options.onRecord({ group, offset: model.end - 1, value });
    }
  }

  #count(
    group: number,
    model: CommittedGroup,
    batch: {
      readonly producerId: string;
      readonly producerEpoch: number;
      readonly firstSequence: number;
      readonly recordCount: number;
    },
  ): void {
    const { producerId, producerEpoch: epoch, firstSequence, recordCount } = batch;
    if (producerId === anonymousProducer) return;
    const known = model.producers.get(producerId);
    const expected = known === undefined || epoch > known.epoch ? 0 : known.next;
    if (known !== undefined && epoch < known.epoch) {
      this.#options.report(
        `a batch of producer ${producerId} epoch ${epoch} was committed in group ${group} after epoch ${known.epoch}`,
      );
    } else if (firstSequence !== expected) {
      this.#options.report(
        `producer ${producerId} epoch ${epoch} has sequence ${firstSequence} committed in group ${group}, expected ${expected}`,
      );
    }
    model.producers.set(producerId, { epoch, next: firstSequence + recordCount });
  }
}
