/**
 * Gateway: one per node, actor id `gateway`. Runs whole user calls of the HTTP kind on behalf of its node: finds topics,
 * numbers and batches produces under its own wire producer id, walks partitions in turn, follows leaders, retries what
 * may be retried, and answers each call exactly once within its deadline.
 */
import type { Ref } from '../../kernel/index.ts';
import type {
  CallError,
  ConsumerEntry,
  GroupId,
  SessionOf,
  TopicPlaces,
  TopicStorage,
} from '@callboard/client/protocol';
import type { DirectoryAnswer, DirectoryEvents } from '../manager/messages.ts';
import type { GroupLink } from '../group/messages.ts';
import type { PartitionAnswer, TakesChecked } from '../partition-replica/messages.ts';

export type Call =
  | { readonly op: 'topics' }
  | {
      readonly op: 'create-topic';
      readonly name: string;
      readonly partitions: number;
      /** Absent: the node's default. */
      readonly storage?: TopicStorage;
    }
  /** From operators only: whoever calls has proved that it is one. */
  | { readonly op: 'remove-topic'; readonly name: string; readonly force?: boolean }
  | { readonly op: 'remove-producer' | 'remove-consumer'; readonly id: string; readonly topic: string }
  | { readonly op: 'register-producer'; readonly topic: string }
  | { readonly op: 'register-consumer'; readonly topic: string }
  | {
      readonly op: 'produce';
      readonly topic: string;
      readonly producer: string;
      readonly partition: number | undefined;
      readonly sequence: number | undefined;
      readonly value: Uint8Array;
    }
  | {
      readonly op: 'consume';
      readonly topic: string;
      readonly consumer: string;
      readonly partition: number | undefined;
    }
  | {
      readonly op: 'size';
      readonly topic: string;
      readonly consumer: string;
      readonly partition: number | undefined;
    }
  /** `from`: see the frame `metadata`. */
  | {
      readonly op: 'locate';
      readonly topics: readonly string[];
      readonly from?: number;
      readonly deleting?: boolean;
    }
  /** The consumers of a topic behind the id `after`, in the order of ids. */
  | { readonly op: 'list-consumers'; readonly topic: string; readonly after: string }
  /** How the consumer came to be, and its sizes in all partitions. */
  | { readonly op: 'describe-consumer'; readonly topic: string; readonly consumer: string }
  /** The next session number of a consumer that is pushed to. */
  | {
      readonly op: 'open-consumer';
      readonly topic: string;
      readonly consumer: string;
      readonly opener?: string;
    }
  /** Who leads a partition now, as it said itself. With `owner`: only if that session number was given to that consumer. */
  | {
      readonly op: 'route';
      readonly topic: string;
      readonly partition: number;
      readonly owner: SessionOf | undefined;
    }
  | {
      readonly op: 'admin';
      readonly action: 'add' | 'remove' | 'activate' | 'deactivate';
      readonly broker: string;
    };

export interface PartitionSize {
  readonly partition: number;
  readonly size: number;
}

export type CallValue =
  | { readonly op: 'topics'; readonly names: readonly string[] }
  | { readonly op: 'create-topic' }
  | { readonly op: 'remove-topic' | 'remove-producer' | 'remove-consumer' }
  | {
      readonly op: 'register-producer' | 'register-consumer';
      readonly id: string;
      readonly partitions: number;
    }
  | { readonly op: 'produce'; readonly partition: number; readonly offset: number }
  | {
      readonly op: 'consume';
      readonly partition: number;
      readonly offset: number;
      readonly value: Uint8Array;
    }
  | { readonly op: 'size'; readonly sizes: readonly PartitionSize[] }
  | {
      readonly op: 'describe-consumer';
      readonly over: 'http' | 'push';
      readonly sizes: readonly PartitionSize[];
    }
  | { readonly op: 'locate'; readonly topics: readonly TopicPlaces[]; readonly next?: number }
  | { readonly op: 'list-consumers'; readonly consumers: readonly ConsumerEntry[]; readonly more: boolean }
  | { readonly op: 'open-consumer'; readonly session: number; readonly partitions: number }
  /** `since`: with `owner`, the lowest session number that may be that consumer's own. */
  | { readonly op: 'route'; readonly group: GroupId; readonly node: string; readonly since?: number }
  | { readonly op: 'admin' };

/**
 * Data lane. The admin token was checked by the door. `partition` is any number that the caller sent: whether the topic
 * has it is checked in its turn. Answer: `call-answer`, on the control lane.
 */
export interface GatewayCall {
  readonly kind: 'call';
  readonly id: number;
  readonly replyTo: Ref<CallAnswer>;
  readonly deadlineMs: number;
  readonly call: Call;
  /** The address of the client whose call it is, for its shares of common budgets. */
  readonly address?: string;
}

export interface CallAnswer {
  readonly kind: 'call-answer';
  readonly id: number;
  readonly value: CallValue | undefined;
  readonly error: CallError | undefined;
}

/**
 * Control lane, from a door about each consume that was answered with a record, or whose answer it no longer waits for. `handed`: the
 * answer was handed to its caller's connection.
 */
export interface CallHeard {
  readonly kind: 'call-heard';
  readonly id: number;
  readonly replyTo: Ref<CallAnswer>;
  readonly handed: boolean;
}

/** Control lane, from a door that was restarted: what was in its mailbox is lost. */
export interface DoorRestarted {
  readonly kind: 'door-restarted';
  readonly replyTo: Ref<CallAnswer>;
  /** Its consumes that wait for an answer, or whose answers it is handing over. */
  readonly open: readonly number[];
}

/** From the leader of a partition: what became of these takes? Answer: `takes-checked`. */
export interface CheckTakes {
  readonly kind: 'check-takes';
  readonly id: number;
  readonly replyTo: Ref<TakesChecked>;
  /** Whose takes: another node's than this gateway's can only be said to be over, once its broker was removed. */
  readonly node: string;
  readonly takes: readonly { readonly start: number; readonly call: number }[];
}

/** From the node: it stops, and what is to be noted is said now. */
export interface NoteTakes {
  readonly kind: 'note-takes';
}

/** The gateway's own timer: hand-overs to be noted. */
export interface GatewayNote {
  readonly kind: 'gateway-note';
}

/** The gateway's own timer: the manager is told who was in use. */
export interface GatewayUsed {
  readonly kind: 'gateway-used';
}

/** From a replica on this node: who leads its group now, so that calls go there at once. */
export interface LeaderNews {
  readonly kind: 'leader-news';
  readonly group: GroupId;
  readonly leader: string;
}

/** The gateway's own timer: deadlines and retries. */
export interface GatewayTick {
  readonly kind: 'gateway-tick';
}

/** The incarnation of the local manager that this gateway subscribed to is over. */
export interface GatewayManagerEnded {
  readonly kind: 'gateway-manager-ended';
}

/** The gateway's own timer: subscribe to the manager again. */
export interface GatewaySubscribe {
  readonly kind: 'gateway-subscribe';
}

export type GatewayMessage =
  | GatewayCall
  | CallHeard
  | DoorRestarted
  | CheckTakes
  | NoteTakes
  | GatewayNote
  | GatewayUsed
  | PartitionAnswer
  | DirectoryAnswer
  | DirectoryEvents
  | GroupLink
  | LeaderNews
  | GatewayTick
  | GatewayManagerEnded
  | GatewaySubscribe;

export const gatewayActorId = 'gateway';
