/**
 * What only the leader of group 0 does: put changes into the log and answer those who asked, and confirm that it leads.
 *
 * A proposal is answered when something is applied at its index, or when the leadership ends: then nobody here can know what becomes
 * of it, and the askers try again elsewhere under the same tag.
 */
import { refTo, type Checksum, type Context } from '../../kernel/index.ts';
import type { DirectoryCommand, DirectoryResult } from '../../directory/index.ts';
import { createsTopic, encodeEntry } from '../../directory/index.ts';
import type { ProposeRefusal } from '../../raft/index.ts';
import { buildChunk, chunkKind, noProducer, offset, type CallError } from '@callboard/client/protocol';
import type { GroupDriver } from '../group/driver.ts';
import { badCommand, deposedPrimary, diskSpent, notPrimary, primaryBusy, tooManyCreating } from './errors.ts';
import { managerActorId, type ManagerMessage, type PrimaryChange, type PrimaryRead } from './messages.ts';

/** What the primary needs of the driver; a test may stand in for it. */
export type PrimaryDriver = Pick<
  GroupDriver,
  'isReady' | 'lastIndex' | 'refusal' | 'propose' | 'readIndex' | 'status'
>;

interface Origin {
  readonly node: string;
  readonly id: number;
}

interface Proposal {
  readonly index: number;
  readonly term: number;
  /** The change's tag, or the name of what the primary itself wants. One of each is in progress at most. */
  readonly key: string;
  readonly origins: Origin[];
  readonly command: DirectoryCommand;
}

/** A command that answers differently the second time needs its tag in the log; the others are the same however often. */
export function needsTag(command: DirectoryCommand): boolean {
  return createsTopic(command) || command.kind === 'remove-topic' || command.kind === 'admin';
}

/** What adds to the directory for good. The others free something, or say how the nodes are. */
const grows: ReadonlySet<DirectoryCommand['kind']> = new Set<DirectoryCommand['kind']>([
  'create-topic',
  'create-memory-topic',
  'register-producer',
  'register-consumer',
  'open-consumer',
  'open-session',
]);

export interface CreationBounds {
  /** Partitions that are being created, unless one topic alone has more. */
  readonly most: number;
  /** About as long one takes. */
  readonly msEach: number;
  /** What takes longer is held up by something else, and holds up nobody. */
  readonly longestMs: number;
  isCreating(name: string): boolean;
}

/** What became of a change, and an index by which that is applied. */
interface Decided {
  readonly index: number;
  readonly result: DirectoryResult;
}

export interface PrimaryOptions {
  /** Changes in progress. */
  readonly most: number;
  /** Whether the disk has no room for what makes the directory grow. Default: never. */
  readonly noReserve?: (() => boolean) | undefined;
  /** Default: none. */
  readonly creations?: CreationBounds;
  /** What became of an earlier try with this tag. Default: nothing is known. */
  readonly decided?: (tag: string) => Decided | undefined;
}

const unbounded: CreationBounds = { most: Infinity, msEach: 0, longestMs: 0, isCreating: () => false };

function refusalError(refusal: ProposeRefusal): CallError {
  return refusal === 'uncommitted-full' ? primaryBusy() : notPrimary();
}

export class Primary {
  readonly #context: Context<ManagerMessage>;
  readonly #driver: PrimaryDriver;
  readonly #crc32: Checksum;
  readonly #most: number;
  readonly #noReserve: () => boolean;
  readonly #creations: CreationBounds;
  readonly #decided: (tag: string) => Decided | undefined;
  readonly #byIndex = new Map<number, Proposal>();
  /** Topics that were created here, until they are ready. */
  readonly #begun = new Map<string, { readonly partitions: number; readonly sinceMs: number }>();
  readonly #byKey = new Map<string, Proposal>();

  constructor(
    context: Context<ManagerMessage>,
    driver: PrimaryDriver,
    crc32: Checksum,
    { most, noReserve, creations, decided }: PrimaryOptions,
  ) {
    this.#context = context;
    this.#driver = driver;
    this.#crc32 = crc32;
    this.#most = most;
    this.#noReserve = noReserve ?? (() => false);
    this.#creations = creations ?? unbounded;
    this.#decided = decided ?? (() => undefined);
  }

  get pending(): number {
    return this.#byIndex.size;
  }

  change(message: PrimaryChange): void {
    const origin: Origin = { node: message.fromNode, id: message.id };
    const same = message.tag === '' ? undefined : this.#byKey.get(message.tag);
    if (same !== undefined) {
      same.origins.push(origin);
      return;
    }
    // Before anything could refuse it: an earlier try may have done what this one would be told is not done.
    const decided = this.#driver.isReady ? this.#decided(message.tag) : undefined;
    if (decided !== undefined) {
      this.#answer(origin, decided.index, decided.result, undefined);
      return;
    }
    const tag = needsTag(message.command) ? message.tag : '';
    const refused =
      this.#tooMany(message.command) ?? this.#propose(message.command, tag, message.tag, [origin]);
    if (refused !== undefined) this.#answer(origin, 0, undefined, refused);
  }

  /**
   * What would have to wait behind many partitions that are being created could not end in its time, and is not begun. A small topic
   * goes on behind one that is as large as may be.
   */
  #tooMany(command: DirectoryCommand): CallError | undefined {
    if (!createsTopic(command)) return undefined;
    const { most, msEach } = this.#creations;
    const before = this.#creating();
    const { partitions } = command;
    const small = partitions <= most / 16;
    const fits = before === 0 || before + partitions <= (small ? 1.25 * most : most);
    return fits ? undefined : tooManyCreating(before, partitions, Math.ceil(msEach * before));
  }

  /** Partitions that were asked for here and are not ready. */
  #creating(): number {
    const { longestMs, isCreating } = this.#creations;
    const nowMs = this.#context.now();
    let partitions = 0;
    for (const [name, begun] of this.#begun) {
      if (begun.sinceMs + longestMs < nowMs || !isCreating(name)) this.#begun.delete(name);
      else partitions += begun.partitions;
    }
    for (const { command } of this.#byIndex.values()) {
      if (createsTopic(command)) partitions += command.partitions;
    }
    return partitions;
  }

  /** A change that nobody asked for. Not repeated while one of the same key is in progress; who wants it asks again. */
  want(key: string, command: DirectoryCommand): void {
    if (this.#driver.isReady && !this.#byKey.has(key)) this.#propose(command, '', key, []);
  }

  read(message: PrimaryRead): void {
    const origin: Origin = { node: message.fromNode, id: message.id };
    this.#driver.readIndex((index) => {
      this.#answer(origin, index ?? 0, undefined, index === undefined ? notPrimary() : undefined);
    });
  }

  /** The entry at `index` was applied; `result` is undefined for an entry that is no command. */
  applied(index: number, term: number, result: DirectoryResult | undefined): void {
    const proposal = this.#byIndex.get(index);
    if (proposal === undefined) return;
    this.#forget(proposal);
    const mine = proposal.term === term && result !== undefined;
    const { command } = proposal;
    if (mine && result.ok && createsTopic(command)) {
      this.#begun.set(command.name, { partitions: command.partitions, sinceMs: this.#context.now() });
    }
    for (const origin of proposal.origins) {
      if (mine) this.#answer(origin, index, result, undefined);
      else this.#answer(origin, 0, undefined, notPrimary());
    }
  }

  /** The leadership ended: what is open may still be committed under another leader. */
  abandon(): void {
    for (const proposal of this.#byIndex.values()) {
      this.#forget(proposal);
      for (const origin of proposal.origins) this.#answer(origin, 0, undefined, deposedPrimary());
    }
  }

  #propose(command: DirectoryCommand, tag: string, key: string, origins: Origin[]): CallError | undefined {
    if (!this.#driver.isReady) return notPrimary();
    if (this.#byIndex.size >= this.#most) return primaryBusy();
    if (grows.has(command.kind) && this.#noReserve()) return diskSpent();
    const body = encodeEntry({ tag, command });
    if (body === undefined) return badCommand();
    const draft = this.#chunk(body);
    const refusal = this.#driver.refusal(draft.byteLength);
    if (refusal !== undefined) return refusalError(refusal);
    // Noted before it is proposed: in a group of one the entry may be committed and applied within the call.
    const proposal: Proposal = {
      index: this.#driver.lastIndex + 1,
      term: this.#driver.status?.term ?? 0,
      key,
      origins,
      command,
    };
    this.#byIndex.set(proposal.index, proposal);
    if (key !== '') this.#byKey.set(key, proposal);
    const proposed = this.#driver.propose(draft, offset(0));
    if (!proposed.ok || proposed.index !== proposal.index || proposed.term !== proposal.term) {
      throw new Error('a proposal did not take the place that it was refused no earlier');
    }
    return undefined;
  }

  #chunk(body: Uint8Array): Uint8Array {
    return buildChunk(
      {
        kind: chunkKind.command,
        body,
        recordCount: 0,
        producerId: noProducer,
        producerEpoch: 0,
        firstSequence: 0,
        firstTimestamp: Math.max(0, Math.floor(this.#context.wallTime())),
        lastTimestampDelta: 0,
      },
      this.#crc32,
    );
  }

  #forget(proposal: Proposal): void {
    this.#byIndex.delete(proposal.index);
    if (this.#byKey.get(proposal.key) === proposal) this.#byKey.delete(proposal.key);
  }

  #answer(
    to: Origin,
    index: number,
    result: DirectoryResult | undefined,
    error: CallError | undefined,
  ): void {
    this.#context.send(
      refTo<ManagerMessage>(to.node, managerActorId),
      { kind: 'primary-answer', id: to.id, index, result, error },
      'control',
    );
  }
}
