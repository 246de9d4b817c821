/**
 * Commands as chunk bodies: the JSON text of `[version, tag, command]`, where the command is a positional array with
 * its number first. There is exactly one text for each entry; anything else is not an entry.
 *
 * The version is that of the machine. A manager that meets a newer one must not guess: what it would apply could differ
 * from what the others applied.
 */
import {
  bool,
  branded,
  isErrorCode,
  list,
  message,
  oneOf,
  optional,
  str,
  struct,
  text,
  uint,
  union,
  WireError,
  type CallError,
  type Codec,
  type GroupId,
  type UnionCodec,
} from '@callboard/client/protocol';
import type {
  AdminAction,
  ConsumerRef,
  CopiesLost,
  DirectoryCommand,
  DirectoryEntry,
  DirectoryResult,
  ForgetUnused,
  IdsUsed,
  ReplicasDied,
} from './contract.ts';

export const directoryVersion = 1;

/** Wide enough for anything that a command may name; what is allowed is the machine's business. */
const name: Codec<string> = str(4_096);
const id: Codec<string> = str(64);
const group: Codec<GroupId> = branded<GroupId>();
const action: Codec<AdminAction> = oneOf(['add', 'remove', 'activate', 'deactivate']);

/** Of each kind in one entry, at most. */
const mostIdsTogether = 65_536;
const consumer: Codec<ConsumerRef> = struct<ConsumerRef>({ id: name, topic: name });

type Kind<K extends DirectoryCommand['kind']> = Extract<DirectoryCommand, { readonly kind: K }>;

/** Numbers are never reused and fields never reordered: logs of earlier releases hold them. */
export const directoryCommandCodec: UnionCodec<DirectoryCommand> = union<DirectoryCommand>({
  'create-topic': message<Kind<'create-topic'>>('create-topic', 1, { name, partitions: uint }),
  'topic-ready': message<Kind<'topic-ready'>>('topic-ready', 2, { name }),
  'register-producer': message<Kind<'register-producer'>>('register-producer', 3, { id, topic: name }),
  'register-consumer': message<Kind<'register-consumer'>>('register-consumer', 4, { id, topic: name }),
  'register-node': message<Kind<'register-node'>>('register-node', 5, {
    name,
    replica: id,
    url: name,
    manual: bool,
  }),
  'set-alive': message<Kind<'set-alive'>>('set-alive', 6, { broker: name, alive: bool }),
  admin: message<Kind<'admin'>>('admin', 7, { action, broker: name }),
  'open-consumer': message<Kind<'open-consumer'>>('open-consumer', 8, { id: name, topic: name }),
  'open-session': message<Kind<'open-session'>>('open-session', 22, { id: name, topic: name, opener: id }),
  'remove-topic': message<Kind<'remove-topic'>>('remove-topic', 9, { name, force: optional(bool) }),
  'copies-lost': message<CopiesLost>('copies-lost', 11, {
    replica: id,
    start: uint,
    turn: uint,
    groups: list(group, 65_536),
  }),
  'create-memory-topic': message<Kind<'create-memory-topic'>>('create-memory-topic', 12, {
    name,
    partitions: uint,
  }),
  'replicas-died': message<ReplicasDied>('replicas-died', 13, { replica: id, groups: list(group, 65_536) }),
  'journal-lost': message<Kind<'journal-lost'>>('journal-lost', 15, { replica: id }),
  'raise-epoch': message<Kind<'raise-epoch'>>('raise-epoch', 16, { topic: name, epoch: uint }),
  'use-hour': message<Kind<'use-hour'>>('use-hour', 17, {}),
  'ids-used': message<IdsUsed>('ids-used', 18, {
    producers: list(id, mostIdsTogether),
    consumers: list(consumer, mostIdsTogether),
  }),
  'forget-unused': message<ForgetUnused>('forget-unused', 19, {
    hours: uint,
    producers: list(id, mostIdsTogether),
    consumers: list(consumer, mostIdsTogether),
  }),
  'remove-consumer': message<Kind<'remove-consumer'>>('remove-consumer', 20, { id: name, topic: name }),
  'remove-producer': message<Kind<'remove-producer'>>('remove-producer', 21, { id, topic: name }),
});

interface Accepted {
  readonly partitions: number;
  readonly session?: number;
}

const accepted: Codec<Accepted> = struct<Accepted>({ partitions: uint, session: optional(uint) });
/** Codes are read back by name: an unknown one comes from a peer that this node should not be talking to. */
const code: Codec<CallError['code']> = {
  encode: (value) => value,
  decode: (wire) => {
    if (typeof wire !== 'string' || !isErrorCode(wire)) {
      throw new WireError('frame_invalid', 'is no error code');
    }
    return wire;
  },
};

/** The directory refuses no numbers of producers. */
type Refusal = Omit<CallError, 'nextEpoch'>;

const refusal: Codec<Refusal> = struct<Refusal>({
  code,
  message: text(4_096),
  outcome: oneOf(['applied', 'not_applied', 'unknown']),
  retriable: bool,
  retryAfterMs: optional(uint),
});

/** A result between managers: partitions and perhaps a session number, or the five fields of its error. */
export const directoryResultCodec: Codec<DirectoryResult> = {
  encode: (result) => (result.ok ? accepted.encode(result) : refusal.encode(result.error)),
  decode: (wire) => {
    if (Array.isArray(wire) && wire.length === 2) return { ok: true, ...accepted.decode(wire) };
    return { ok: false, error: refusal.decode(wire) };
  },
};

const toBytes = new TextEncoder();
const toText = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(entry: DirectoryEntry): string {
  return JSON.stringify([
    directoryVersion,
    id.encode(entry.tag),
    directoryCommandCodec.encode(entry.command),
  ]);
}

/** Undefined when the command cannot be written down, such as a name with half a surrogate pair or half a partition. */
export function encodeEntry(entry: DirectoryEntry): Uint8Array | undefined {
  try {
    return toBytes.encode(textOf(entry));
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

export type DecodedEntry =
  { readonly ok: true; readonly entry: DirectoryEntry } | { readonly ok: false; readonly detail: string };

function no(detail: string): DecodedEntry {
  return { ok: false, detail };
}

export function decodeEntry(body: Uint8Array): DecodedEntry {
  try {
    const written = toText.decode(body);
    const wire: unknown = JSON.parse(written);
    if (!Array.isArray(wire) || wire.length !== 3) return no('it is not [version, tag, command]');
    const [version, tag, command] = wire as unknown[];
    if (version !== directoryVersion) {
      return no(`its version is ${String(version)}, this node speaks ${directoryVersion}`);
    }
    const entry: DirectoryEntry = { tag: id.decode(tag), command: directoryCommandCodec.decode(command) };
    return textOf(entry) === written ? { ok: true, entry } : no('it is not written in the one canonical way');
  } catch (error) {
    if (error instanceof WireError) return no(error.message);
    // What the text decoder and the JSON parser throw; both say little and differ between versions of Node.
    if (error instanceof TypeError || error instanceof SyntaxError) return no('it is not JSON in UTF-8');
    throw error;
  }
}
