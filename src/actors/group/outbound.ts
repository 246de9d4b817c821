/** Where a group's effects go: to the log writer and reader of this node, and to the other members. */
import type { Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import type { LoadEffect, PersistEffect, RaftMessage } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import { logReaderActorId, type LogReaderMessage } from '../log-reader/messages.ts';
import { logWriterActorId, type LogWriterMessage } from '../log-writer/messages.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import type { Incarnations } from './incarnations.ts';
import type { GroupMessage } from './messages.ts';

export interface OutboundOptions {
  readonly context: Context<GroupMessage>;
  readonly group: GroupId;
  readonly actorId: string;
  readonly incarnation: number;
  readonly peers: Incarnations;
}

type Read = Pick<LoadEffect, 'id' | 'from' | 'to' | 'maxBytes' | 'maxEntries'> & {
  readonly cut: 'tail' | 'head';
};

export class Outbound {
  readonly #options: OutboundOptions;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** Asks for the log; answered by `group-opened`. */
  open(): void {
    const { context, incarnation, group } = this.#options;
    this.#toWriter({ kind: 'log-open', replyTo: context.self, incarnation, group });
  }

  watchLinks(): void {
    const { context } = this.#options;
    const peerLink = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
    context.send(peerLink, { kind: 'watch-links', watcher: context.self }, 'control');
  }

  persist(effect: PersistEffect): void {
    const { context, incarnation, group } = this.#options;
    const { token, truncateFrom, entries, hard, tail, healed } = effect;
    const write = { group, truncateFrom, entries, hard, tail, healed };
    this.#toWriter({ kind: 'log-write', replyTo: context.self, incarnation, token, write });
  }

  /** What the core asks for. */
  load({ id, reason, from, to, maxBytes, maxEntries }: LoadEffect): void {
    this.read({ id, from, to, maxBytes, maxEntries, cut: reason === 'replicate' ? 'tail' : 'head' });
  }

  read(read: Read): void {
    const { context, incarnation, group } = this.#options;
    const reader = refTo<LogReaderMessage>(context.self.node, logReaderActorId);
    context.send(
      reader,
      { kind: 'read-entries', replyTo: context.self, incarnation, group, ...read },
      'control',
    );
  }

  send(message: RaftMessage): void {
    const { context, incarnation, peers, actorId } = this.#options;
    const node = peers.nodeOf(message.to);
    if (node === undefined) throw new Error(`no member has the replica id ${message.to}`);
    const toIncarnation = peers.incarnationOf(node);
    context.send(
      refTo<GroupMessage>(node, actorId),
      { kind: 'group-raft', fromIncarnation: incarnation, toIncarnation, message },
      'control',
    );
  }

  /** Tells a peer that meant another incarnation of this replica the right one. */
  introduce(node: string): void {
    const { context, incarnation, actorId } = this.#options;
    context.send(
      refTo<GroupMessage>(node, actorId),
      { kind: 'group-incarnation', fromNode: context.self.node, incarnation },
      'control',
    );
  }

  #toWriter(message: LogWriterMessage): void {
    const { context } = this.#options;
    context.send(refTo<LogWriterMessage>(context.self.node, logWriterActorId), message, 'control');
  }
}
