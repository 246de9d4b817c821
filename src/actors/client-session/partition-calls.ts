/**
 * The calls of one connection that a partition's leader answers: produce, fetch and locate. One route is asked for at a time for each
 * partition, and all who wait for it go on together; a route is forgotten once it has led nowhere.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import { toErrorReply, type CallError } from '@callboard/client/protocol';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
} from '../partition-replica/messages.ts';
import type { Frame, PendingCall, PendingCalls } from './calls.ts';
import { busy, groupGone, groupUnheard, notRead, quarantinedThere } from './errors.ts';
import type { ClientPort } from './port.ts';
import type { ProducerIds } from './producer-ids.ts';
import { Routes, type Destination, type Route } from './routes.ts';

export type ToPartition = Extract<Frame, { kind: 'produce' | 'fetch' | 'locate' }>;

export interface PartitionCallsOptions {
  readonly context: Context<PartitionAnswer>;
  readonly port: ClientPort;
  /** Of the client. */
  readonly address: string;
  /** All calls of the connection, those of others too. */
  readonly calls: PendingCalls;
  readonly producers: ProducerIds;
  /** What may have been asked for and not have left the connection, in bytes. */
  share(): number;
  /** Asks who leads; the answer comes by `routed` or `unrouted`. */
  route(frame: ToPartition): void;
}

export class PartitionCalls {
  readonly #options: PartitionCallsOptions;
  readonly #routes = new Routes<ToPartition>();
  /** Fetches that wait until the client has read what came before, each with the time since when. */
  #unread: { readonly frame: ToPartition; readonly sinceMs: number }[] = [];

  constructor(options: PartitionCallsOptions) {
    this.#options = options;
  }

  get routes(): number {
    return this.#routes.size;
  }

  /** Something waits for room, and time may change that. */
  get restless(): boolean {
    return this.#unread.length > 0;
  }

  ask(frame: ToPartition): void {
    const { calls } = this.#options;
    const route = this.#routes.known(frame);
    const waiting = this.#unread.length + (route === undefined ? this.#routes.waiting : 0);
    const refusal = calls.refusal(waiting) ?? this.#producerRefusal(frame);
    if (refusal !== undefined) this.#fail(frame.correlation, refusal);
    else this.#go(frame, route);
  }

  /** Goes on with fetches for which there is room now, and gives up those that have waited for `afterMs`. */
  drained(nowMs: number, afterMs: number): void {
    while (this.#unread.length > 0 && this.#hasRoom()) {
      const next = this.#unread.shift();
      if (next !== undefined) this.#begin(next.frame, this.#routes.known(next.frame));
    }
    while ((this.#unread[0]?.sinceMs ?? Infinity) + afterMs <= nowMs) {
      const late = this.#unread.shift();
      if (late !== undefined) this.#fail(late.frame.correlation, notRead(afterMs));
    }
  }

  #producerRefusal(frame: ToPartition): CallError | undefined {
    const { context, producers } = this.#options;
    return frame.kind === 'produce' ? producers.refusal(frame.chunk, context.now()) : undefined;
  }

  #go(frame: ToPartition, route: Route | undefined): void {
    const waits = frame.kind === 'fetch' && (this.#unread.length > 0 || !this.#hasRoom());
    if (waits) this.#unread.push({ frame, sinceMs: this.#options.context.now() });
    else this.#begin(frame, route);
  }

  #begin(frame: ToPartition, route: Route | undefined): void {
    if (route !== undefined) this.#send(frame, route);
    else if (this.#routes.wait(frame)) this.#options.route(frame);
  }

  /** For the answer to one more fetch; the first is taken in any case. */
  #hasRoom(): boolean {
    const { calls, port, share } = this.#options;
    const room = share();
    const waits = calls.fetchedBytes + port.bufferedBytes();
    return room > 0 && (waits === 0 || waits + calls.fetchBytes <= room);
  }

  routed(frame: ToPartition, route: Route): void {
    for (const waiting of this.#routes.found(frame, route)) this.#go(waiting, route);
  }

  unrouted(frame: ToPartition, error: CallError): void {
    for (const { correlation } of this.#routes.found(frame, undefined)) this.#fail(correlation, error);
  }

  forget(destination: Destination, node: string): void {
    this.#routes.forget(destination, node);
  }

  forgetNode(node: string): void {
    this.#routes.forgetNode(node);
  }

  answered(answer: PartitionAnswer): void {
    const { calls, port } = this.#options;
    const pending = calls.take(answer.id);
    if (pending === undefined) return;
    const { frame } = pending;
    const { correlation } = frame;
    switch (answer.kind) {
      case 'produced': {
        const baseOffset = frame.kind === 'produce' && frame.acks === 'none' ? undefined : answer.baseOffset;
        port.send({ kind: 'produced', correlation, baseOffset });
        return;
      }
      case 'fetched':
        port.send({ kind: 'fetched', correlation, end: answer.end, chunks: answer.chunks });
        return;
      case 'located':
        port.send({ kind: 'located', correlation, offset: answer.offset, end: answer.end });
        return;
      case 'partition-failed':
        this.#failed(pending, answer.error, answer.leader);
        return;
      default:
        throw new Error(`a session never asks for what '${answer.kind}' answers`);
    }
  }

  #send(frame: ToPartition, route: Route): void {
    const { calls, context } = this.#options;
    const refusal = groupRefusal(frame, route);
    if (refusal !== undefined) {
      this.#fail(frame.correlation, refusal);
      return;
    }
    const id = calls.put({ frame, route, sinceMs: context.now() });
    const replica = refTo<PartitionReplicaMessage>(route.node, partitionActorId(route.group));
    const sent = context.send(
      replica,
      requestOf(frame, { id, replyTo: context.self }, this.#options.address),
    );
    if (sent === 'accepted') return;
    calls.take(id);
    if (sent === 'gone') this.#routes.forget(frame, route.node);
    this.#fail(frame.correlation, busy(sent, route.node));
  }

  #failed({ frame, route }: PendingCall, error: CallError, leader: string | undefined): void {
    if (route !== undefined && error.code !== 'overloaded') {
      this.#routes.forget(frame as Frame & Destination, route.node);
    }
    const told = error.code === 'not_leader' && leader !== undefined ? withLeader(error, leader) : error;
    // One replica's word: whether another one can lead, the gateway finds out for the next call.
    this.#fail(
      frame.correlation,
      error.code === 'partition_quarantined' ? quarantinedThere(error, route?.node) : told,
    );
  }

  #fail(correlation: number, error: CallError): void {
    this.#options.port.send(toErrorReply(correlation, error));
  }
}

export function isToPartition(frame: Frame): frame is ToPartition {
  return frame.kind === 'produce' || frame.kind === 'fetch' || frame.kind === 'locate';
}

/** Why a frame that names its group may not go to the one that is there now. Groups are numbered upwards, and no number comes again. */
function groupRefusal(frame: ToPartition, { group }: Route): CallError | undefined {
  if (frame.kind !== 'produce' || frame.group === undefined || frame.group === group) return undefined;
  const { topic, partition } = frame;
  return frame.group < group ? groupGone(topic, partition) : groupUnheard(topic, partition);
}

function withLeader(error: CallError, leader: string): CallError {
  return { ...error, message: `${error.message} (node '${leader}' leads, as far as is known)` };
}

type RequestHead = Pick<Extract<PartitionReplicaMessage, { kind: 'produce' }>, 'id' | 'replyTo'>;

function requestOf(frame: ToPartition, head: RequestHead, address: string): PartitionReplicaMessage {
  switch (frame.kind) {
    case 'produce':
      return { ...head, kind: 'produce', acks: frame.acks, address, chunk: frame.chunk };
    case 'fetch':
      return { ...head, kind: 'fetch', offset: frame.offset, maxBytes: frame.maxBytes };
    case 'locate':
      return { ...head, kind: 'locate', position: frame.position };
  }
}
