/** What a leading replica tells its node's manager, which places leaderships and gives producers their epochs. */
import { refTo, type Context } from '../../kernel/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { IdleCursor } from '../../partition/index.ts';
import { managerActorId, type ManagerMessage } from '../manager/messages.ts';
import type { PartitionReplicaMessage } from './messages.ts';

export class ManagerNews {
  readonly #context: Context<PartitionReplicaMessage>;
  readonly #group: GroupId;
  /** The manager was told that this replica leads. */
  #toldReady = false;

  constructor(context: Context<PartitionReplicaMessage>, group: GroupId) {
    this.#context = context;
    this.#group = group;
  }

  leads(): void {
    this.#toldReady = true;
    this.#tell({ kind: 'leader-ready', group: this.#group });
  }

  leadsNoMore(): void {
    if (this.#toldReady) this.#tell({ kind: 'leader-lost', group: this.#group });
    this.#toldReady = false;
  }

  /** Producers that register from here on must come in above `epoch`, the highest that this partition has forgotten. */
  forgot(epoch: number | undefined): void {
    if (epoch !== undefined) this.#tell({ kind: 'producers-forgotten', group: this.#group, epoch });
  }

  cursors(topic: string, page: { readonly cursors: readonly IdleCursor[]; readonly next: number }): void {
    this.#tell({ kind: 'cursors-held', group: this.#group, topic, ...page });
  }

  #tell(message: ManagerMessage): void {
    const manager = refTo<ManagerMessage>(this.#context.self.node, managerActorId);
    this.#context.send(manager, message, 'control');
  }
}
