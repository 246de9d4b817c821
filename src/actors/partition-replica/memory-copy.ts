/**
 * A replica whose entries are kept in memory: a PartitionReplica that can give its copy up.
 *
 * After its process it is damaged, and heals from a leader. If no leader shows up for `memoryLossMs`, the sound copies may be
 * gone for good. Then it takes part in nothing any more (no vote, no ack, no healing), of its own accord and before anybody is
 * told: the directory may begin the partition anew only if a majority of the copies is out of the way. Only the manager can
 * bring it back. Until it does, no other incarnation of this actor runs either: what was given up stands in a set that all share.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import { managerActorId, type ManagerMessage } from '../manager/messages.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { PartitionReplicaMessage } from './messages.ts';
import { PartitionReplica, type PartitionReplicaOptions } from './replica.ts';
import { turnAway } from './turn-away.ts';

export class MemoryCopy implements Actor<PartitionReplicaMessage> {
  readonly #options: PartitionReplicaOptions;
  readonly #replica: PartitionReplica;
  /** Groups of this node whose copy was given up, and not taken back by the manager. */
  readonly #givenUpHere: Set<GroupId>;
  #context!: Context<PartitionReplicaMessage>;
  /** Ticks in a row for which this copy was damaged and knew of no leader. */
  #alone = 0;
  #givenUp = false;

  constructor(options: PartitionReplicaOptions, givenUpHere: Set<GroupId>) {
    this.#options = options;
    this.#givenUpHere = givenUpHere;
    this.#replica = new PartitionReplica(options);
  }

  start(context: Context<PartitionReplicaMessage>): void {
    this.#context = context;
    if (this.#givenUpHere.has(this.#options.group)) {
      // An incarnation before this one gave it up, and failed afterwards.
      this.#givenUp = true;
      this.#tell();
      context.stop(context.self);
    } else this.#replica.start(context);
  }

  receive(message: PartitionReplicaMessage): void {
    if (this.#givenUp) {
      this.#decline(message);
      return;
    }
    this.#replica.receive(message);
    if (message.kind === 'group-tick') this.#judge(1);
    if (message.kind === 'group-opened') this.#judge(0);
  }

  turnEnded(): void {
    if (!this.#givenUp) this.#replica.turnEnded();
  }

  stopped(): void {
    if (!this.#givenUp) this.#replica.stopped();
  }

  undelivered(message: PartitionReplicaMessage, context: Context<PartitionReplicaMessage>): void {
    turnAway(context, message, undefined);
  }

  inspect(): Record<string, unknown> {
    return { ...this.#replica.inspect(), storage: 'memory', givenUp: this.#givenUp };
  }

  describeState(): Iterable<string> {
    return this.#replica.describeState();
  }

  #judge(ticks: number): void {
    const { verdict, leader } = this.#replica.standing;
    const { members, limits } = this.#options;
    // Nobody could heal the only copy, and one whose journal is lost stays out in any case.
    const hopeless = verdict === 'journal-lost' || (verdict === 'damaged' && members.length === 1);
    this.#alone = verdict === 'damaged' && leader === undefined ? this.#alone + ticks : 0;
    if (hopeless || this.#alone * limits.tickMs >= limits.memoryLossMs) this.#giveUp();
  }

  #giveUp(): void {
    this.#givenUp = true;
    this.#givenUpHere.add(this.#options.group);
    this.#replica.stopped();
    this.#context.trace.note('warn', 'memory.copy-given-up', { group: this.#options.group });
    this.#tell();
  }

  /** Again and again: a manager that was restarted has forgotten it. */
  #tell(): void {
    const { group, limits } = this.#options;
    const manager = refTo<ManagerMessage>(this.#context.self.node, managerActorId);
    this.#context.send(manager, { kind: 'copy-given-up', group }, 'control');
    this.#context.after(limits.managerRetryMaxMs, { kind: 'group-tick', rested: 0 });
  }

  /** Requests are refused, as by any replica that does not lead; of its group it hears nothing any more. */
  #decline(message: PartitionReplicaMessage): void {
    const { kind } = message;
    if (kind === 'group-tick') this.#tell();
    else if (kind !== 'campaign' && !kind.startsWith('group-')) this.#replica.receive(message);
  }
}
