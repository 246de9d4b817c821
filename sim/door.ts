/**
 * The way into a node for simulated clients: calls of the HTTP kind to its gateway, and messages to partition replicas as a
 * client session would send them. Knows the placements from the node's own manager, as a session does.
 */
import type { Limits } from '@callboard/client/protocol';
import type { Call } from '../src/actors/gateway/messages.ts';
import { managerActorId, type DirectoryEvents, type ManagerMessage } from '../src/actors/manager/messages.ts';
import {
  partitionActorId,
  type PartitionAnswer,
  type PartitionReplicaMessage,
  type PartitionRequest,
} from '../src/actors/partition-replica/messages.ts';
import type { Topic } from '../src/directory/index.ts';
import { Desk, deskRestarts, type Answered } from '../src/doors/http/desk.ts';
import { refTo, type ActorSystem, type Context, type Ref, type SendResult } from '../src/kernel/index.ts';

type DoorMessage =
  | DirectoryEvents
  | PartitionAnswer
  | { readonly kind: 'door-manager-gone' }
  | { readonly kind: 'door-watch' };

const doorId = 'client/door';
const deskId = 'http-door';

/** A request without what the door fills in. */
export type RequestBody = PartitionRequest extends infer R
  ? R extends PartitionRequest
    ? Omit<R, 'id' | 'replyTo'>
    : never
  : never;

export class Door {
  readonly topics: Map<string, Topic> = new Map();
  readonly #system: ActorSystem;
  readonly #desk: Desk;
  readonly #self: Ref<DoorMessage>;
  readonly #requests = new Map<number, (answer: PartitionAnswer) => void>();
  readonly #onGone: (topic: Topic) => void;
  #lastId = 0;

  /** `onGone`: told when this node has applied the end of a topic's removal. */
  constructor(system: ActorSystem, limits: Limits, onGone: (topic: Topic) => void) {
    this.#system = system;
    this.#onGone = onGone;
    this.#desk = new Desk(system.node, limits);
    system.spawn(deskId, () => this.#desk.actor(), { restart: deskRestarts });
    this.#self = system.spawn<DoorMessage>(doorId, () => ({
      start: (context) => this.#watch(context),
      receive: (message, context) => this.#receive(message, context),
    }));
  }

  /** By the HTTP door's own desk: answered once, whatever becomes of the gateway. */
  call(call: Call, then: Answered): void {
    this.#desk.ask(call, then);
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

  #topic(topic: Topic): void {
    if (topic.state === 'ready') this.topics.set(topic.name, topic);
    const known = this.topics.get(topic.name)?.partitions[0]?.group;
    if (topic.state === 'deleting' && known === topic.partitions[0]?.group) this.topics.delete(topic.name);
  }

  #receive(message: DoorMessage, context: Context<DoorMessage>): void {
    switch (message.kind) {
      case 'directory-events':
        for (const event of message.events) {
          if (event.kind === 'topic') this.#topic(event.topic);
          else if (event.kind === 'topic-gone') this.#onGone(event.topic);
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
