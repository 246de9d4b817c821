/**
 * Stands in for a replica that is in quarantine because it failed again and again. Whoever asks is refused at once; to its group it is
 * silent, as if its node were away: no vote, no acknowledgement, no word of what it has stored.
 */
import type { Actor, Context, Quarantine, Ref } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import { quarantinedError, quarantinedPushError } from './errors.ts';
import type { PartitionReplicaMessage, PartitionRequest } from './messages.ts';
import type { PushNews } from './push-messages.ts';

export interface QuarantinedOptions {
  readonly group: GroupId;
  readonly storage?: 'memory';
}

export class QuarantinedReplica implements Actor<PartitionReplicaMessage> {
  readonly #options: QuarantinedOptions;
  readonly #quarantine: Quarantine;

  constructor(options: QuarantinedOptions, quarantine: Quarantine) {
    this.#options = options;
    this.#quarantine = quarantine;
  }

  receive(message: PartitionReplicaMessage, context: Context<PartitionReplicaMessage>): void {
    switch (message.kind) {
      case 'produce':
      case 'consume':
      case 'size':
      case 'fetch':
      case 'locate':
      case 'lead':
        return this.#refuse(message, context);
      case 'push-open':
      case 'push-pull':
      case 'push-ack':
        return this.#end(message, context);
      default:
        // Of the group and of its earlier incarnations' requests it hears nothing.
        return;
    }
  }

  inspect(): Record<string, unknown> {
    const { error, at, sinceMs, restarts } = this.#quarantine;
    return { ...this.#options, verdict: 'quarantined', role: 'none', term: 0, error, at, sinceMs, restarts };
  }

  #refuse({ id, replyTo }: PartitionRequest, context: Context<PartitionReplicaMessage>): void {
    const error = quarantinedError(this.#options.group, [context.self.node]);
    context.send(replyTo, { kind: 'partition-failed', id, error, leader: undefined }, 'control');
  }

  #end(
    { id, replyTo }: { readonly id: number; readonly replyTo: Ref<PushNews> },
    context: Context<PartitionReplicaMessage>,
  ): void {
    const error = quarantinedPushError(this.#options.group, context.self.node);
    const news: PushNews = { kind: 'push-ended', id, error, leader: undefined };
    if (context.send(replyTo, news, 'control') !== 'full') return;
    // A subscriber waits for this without a deadline.
    const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
    context.send(links, { kind: 'last-words', to: replyTo, message: news }, 'control');
  }
}
