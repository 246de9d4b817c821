/**
 * The way into a node for simulated clients: calls of the HTTP kind to its gateway, and messages to partition replicas as a
 * client session would send them. Knows the placements from the node's own manager, as a session does.
 */
import type { Limits } from '@callboard/client/protocol';
import {
  gatewayActorId,
  type Call,
  type CallAnswer,
  type GatewayMessage,
} from '../src/actors/gateway/messages.ts';
import { managerActorId, type DirectoryEvents, type ManagerMessage } from '../src/actors/manager/messages.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
  type PartitionRequest,
} from '../src/actors/partition-replica/messages.ts';
import type { Topic } from '../src/directory/index.ts';
import { refTo, type ActorSystem, type Context, type Ref, type SendResult } from '../src/kernel/index.ts';

type DoorMessage =
  | CallAnswer
  | DirectoryEvents
  | PartitionAnswer
  | { readonly kind: 'door-manager-gone' }
  | { readonly kind: 'door-watch' };

const doorId = 'client/door';

/** A request without what the door fills in. */
export type RequestBody = PartitionRequest extends infer R
  ? R extends PartitionRequest
    ? Omit<R, 'id' | 'replyTo'>
    : never
  : never;

export class Door {
  readonly topics: Map<string, Topic> = new Map();
  readonly #system: ActorSystem;
  readonly #limits: Limits;
  readonly #self: Ref<DoorMessage>;
  readonly #calls = new Map<number, (answer: CallAnswer) => void>();
  readonly #requests = new Map<number, (answer: PartitionAnswer) => void>();
  #lastId = 0;

  constructor(system: ActorSystem, limits: Limits) {
    this.#system = system;
    this.#limits = limits;
    this.#self = system.spawn<DoorMessage>(doorId, () => ({
      start: (context) => this.#watch(context),
      receive: (message, context) => this.#receive(message, context),
    }));
  }

  /** False: refused at once, nothing was taken. */
  call(call: Call, then: (answer: CallAnswer) => void): boolean {
    this.#lastId += 1;
    const id = this.#lastId;
    const deadlineMs = this.#limits.callDeadlineMs;
    const gateway = refTo<GatewayMessage>(this.#system.node, gatewayActorId);
    const sent = this.#system.send(gateway, { kind: 'call', id, replyTo: this.#self, deadlineMs, call });
    if (sent !== 'accepted') return false;
    this.#calls.set(id, then);
    return true;
  }

  /** To the replica of `group` on `node`. */
  request(
    node: string,
    group: number,
    body: RequestBody,
    then: (answer: PartitionAnswer) => void,
  ): SendResult {
    this.#lastId += 1;
    const id = this.#lastId;
    const to = refTo<PartitionReplicaMessage>(node, partitionActorId(group));
    const sent = this.#system.send(to, { ...body, id, replyTo: this.#self });
    if (sent === 'accepted') this.#requests.set(id, then);
    return sent;
  }

  #watch(context: Context<DoorMessage>): void {
    const manager = refTo<ManagerMessage>(context.self.node, managerActorId);
    context.send(manager, { kind: 'directory-subscribe', replyTo: context.self }, 'control');
    context.monitor(manager, { kind: 'door-manager-gone' });
  }

  #receive(message: DoorMessage, context: Context<DoorMessage>): void {
    switch (message.kind) {
      case 'call-answer': {
        const then = this.#calls.get(message.id);
        this.#calls.delete(message.id);
        then?.(message);
        return;
      }
      case 'directory-events':
        for (const event of message.events) {
          if (event.kind === 'topic' && event.topic.state === 'ready') {
            this.topics.set(event.topic.name, event.topic);
          }
        }
        return;
      case 'door-manager-gone':
        context.after(100, { kind: 'door-watch' });
        return;
      case 'door-watch':
        this.#watch(context);
        return;
      default: {
        const then = this.#requests.get(message.id);
        this.#requests.delete(message.id);
        then?.(message);
      }
    }
  }
}
