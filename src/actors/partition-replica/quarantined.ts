/**
 * Stands in for a replica that is in quarantine because it failed again and again. Whoever asks is refused at once; to its group it is
 * silent, as if its node were away: no vote, no acknowledgement, no word of what it has stored.
 */
import type { Actor, Context, Quarantine } from '../../kernel/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import { quarantinedError, quarantinedPushError } from './errors.ts';
import type { PartitionReplicaMessage } from './messages.ts';
import { endSubscription, refuseUnseen } from './turn-away.ts';

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
    const { group } = this.#options;
    const { node } = context.self;
    const told = {
      error: quarantinedError(group, [node]),
      ended: quarantinedPushError(group, node),
      leader: undefined,
    };
    // Of the group and of its earlier incarnations' requests it hears nothing.
    if (message.kind === 'push-pull' || message.kind === 'push-ack') endSubscription(context, message, told);
    else refuseUnseen(context, message, told);
  }

  /** It is removed: that says no more of the message than the quarantine did. */
  undelivered(message: PartitionReplicaMessage, context: Context<PartitionReplicaMessage>): void {
    this.receive(message, context);
  }

  inspect(): Record<string, unknown> {
    const { error, at, sinceMs, restarts } = this.#quarantine;
    return { ...this.#options, verdict: 'quarantined', role: 'none', term: 0, error, at, sinceMs, restarts };
  }
}
