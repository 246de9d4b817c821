/** What a replica lends to its desks: the parts of it that consumes, queries and pushes stand on. */
import { refTo, type Checksum, type Context } from '../../kernel/index.ts';
import {
  encodeClock,
  encodeCursorCommand,
  type IdleCursor,
  type LogClock,
  type PartitionMachine,
} from '../../partition/index.ts';
import { offset, type CallError, type Limits, type LogIndex } from '@callboard/client/protocol';
import { gatewayActorId, type GatewayMessage } from '../gateway/messages.ts';
import type { GroupDriver } from '../group/driver.ts';
import { emptyDraft } from '../group/seal.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import type { ConsumeHost } from './consumes.ts';
import { noRoomError, refusalError } from './errors.ts';
import type { LogReads } from './log-reads.ts';
import type { PartitionAnswer, PartitionReplicaMessage, PartitionRequest } from './messages.ts';
import type { PushHost } from './pushes.ts';
import type { QueryHost } from './queries.ts';
import type { ReadableEnd } from './readable-end.ts';
import type { SettleHost } from './take-settles.ts';
import type { TakeWatch, WatchHost } from './take-watch.ts';

export type Requester = Pick<PartitionRequest, 'id' | 'replyTo'>;

export interface ReplicaParts {
  readonly context: Context<PartitionReplicaMessage>;
  readonly limits: Limits;
  readonly crc32: Checksum;
  readonly machine: PartitionMachine;
  readonly readable: ReadableEnd;
  readonly log: LogReads;
  /** There once the replica has started. */
  driver(): GroupDriver;
  answer(request: Requester, answer: PartitionAnswer): void;
  fail(request: Requester, error: CallError): void;
  /** Why commands cannot be written; undefined: they can. */
  noReserve(): 'low_disk_space' | 'memory_full' | undefined;
}

type Proposed = { readonly index: LogIndex } | { readonly error: CallError };

function proposeCommand(parts: ReplicaParts, body: Uint8Array): Proposed {
  const draft = emptyDraft('command', body, parts.context.wallTime(), parts.crc32);
  const driver = parts.driver();
  const refused = driver.refusal(draft.byteLength);
  if (refused !== undefined) return { error: refusalError(refused) };
  const code = parts.noReserve();
  if (code !== undefined) return { error: noRoomError(code, 'cursors') };
  const proposed = driver.propose(draft, offset(0));
  return proposed.ok ? { index: proposed.index } : { error: refusalError(proposed.refusal) };
}

/** Moves log time on, if enough has passed, before what follows: who is active is seen at the new time. `clock`: of a leader that is ready. */
export function tellTime(parts: ReplicaParts, clock: LogClock | undefined): void {
  for (const logTimeMs of clock?.due(parts.context.now()) ?? []) {
    if ('error' in proposeCommand(parts, encodeClock(logTimeMs))) return;
    clock?.proposed(logTimeMs);
  }
}

/** False: not now. Whoever finds them again asks again. */
export function forgetCursors(parts: ReplicaParts, cursors: readonly IdleCursor[]): boolean {
  return 'index' in proposeCommand(parts, encodeCursorCommand({ kind: 'forget', cursors }));
}

export function consumeHost(parts: ReplicaParts, watch: TakeWatch): ConsumeHost {
  const { machine, readable, log, limits } = parts;
  return {
    position: (consumer) => machine.position(consumer),
    openTakes: (consumer) => machine.openTakes.of(consumer),
    room: (consumer) => machine.openTakes.room(consumer),
    takesCursorOf: (consumer) => machine.takesCursorOf(consumer),
    appliedEnd: () => machine.end,
    readableEnd: () => readable.end,
    confirm: (then) => parts.driver().read(then),
    doubts: (takes) => watch.doubts(takes),
    check: (consumer, takes, then) => watch.check(consumer, takes, then),
    readChunks: (from, upTo, then) =>
      log.chunks({ offset: from, upTo, maxBytes: limits.readBytes, maxChunks: limits.fetchChunks }, then),
    proposeTake: (take) => proposeCommand(parts, encodeCursorCommand({ kind: 'take', take })),
    damaged: (index) => parts.driver().damageFound(index),
    answer: (call, answer) => parts.answer(call, answer),
    leader: () => parts.driver().leaderNode,
  };
}

export function settleHost(parts: ReplicaParts): SettleHost {
  return {
    mostTakes: parts.limits.settledTakes,
    propose: (settlements) =>
      proposeCommand(parts, encodeCursorCommand({ kind: 'settlements', settlements })),
  };
}

export function watchHost(parts: ReplicaParts, undoubted: () => void): WatchHost {
  const { context, limits, machine } = parts;
  return {
    node: context.self.node,
    limits,
    open: () => machine.openTakes.all(),
    applied: () => parts.driver().applied,
    now: () => context.now(),
    random: () => context.random(),
    tickAfter: (ms) => context.after(ms, { kind: 'take-tick' }),
    send: (node, question) => {
      const gateway = refTo<GatewayMessage>(node, gatewayActorId);
      return context.send(gateway, { kind: 'check-takes', replyTo: context.self, ...question });
    },
    undoubted,
  };
}

export function queryHost(parts: ReplicaParts): QueryHost {
  const { machine, readable, log, limits } = parts;
  return {
    readBytes: limits.readBytes,
    fetchChunks: limits.fetchChunks,
    first: machine.first,
    end: () => machine.end,
    readableEnd: () => readable.end,
    size: (consumer) => machine.size(consumer),
    open: (consumer) => machine.openTakes.of(consumer).filter(({ returned }) => !returned).length,
    confirm: (then) => parts.driver().read(then),
    whenReadable: (then) => readable.whenReaches(machine.end, then),
    chunks: (range, then, gone) => log.chunks(range, then, gone),
    time: (timestamp, then, gone) => log.time(timestamp, then, gone),
    damaged: (index) => parts.driver().damageFound(index),
    answer: (request, answer) => parts.answer(request, answer),
    fail: (request, error) => parts.fail(request, error),
  };
}

const resetNoteMs = 1_000;

/** Cursors that were moved are said on the log, but nobody can fill it with them. */
function noteResets(context: ReplicaParts['context']): PushHost['reset'] {
  let saidMs = -Infinity;
  let unsaid = 0;
  return (consumer, { session, from, to }, address) => {
    const nowMs = context.now();
    if (nowMs - saidMs < resetNoteMs) {
      unsaid += 1;
      return;
    }
    const others = unsaid === 0 ? {} : { unsaid };
    context.trace.note('warn', 'consumer.reset', { consumer, session, from, to, address, ...others });
    saidMs = nowMs;
    unsaid = 0;
  };
}

export function pushHost(parts: ReplicaParts, place: PushHost['place']): PushHost {
  const { machine, readable, log, limits, context } = parts;
  return {
    limits,
    end: () => machine.end,
    readableEnd: () => readable.end,
    place,
    chunks: (range, then) => log.chunks(range, then),
    propose: (body) => proposeCommand(parts, body),
    damaged: (index) => parts.driver().damageFound(index),
    reset: noteResets(context),
    send: (to, news) => context.send(to, news, 'control'),
    leave: (to, message) => {
      const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
      context.send(links, { kind: 'last-words', to, message }, 'control');
    },
    leader: () => parts.driver().leaderNode,
  };
}
