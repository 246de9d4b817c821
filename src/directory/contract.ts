/**
 * The directory's commands, results and events. The machine itself is pure: `apply(command)` changes the state the same
 * way on every manager and returns a result for the asker and events for the subscribers.
 */
import type { CallError, GroupId, TopicStorage } from '@callboard/client/protocol';

/** `active` takes new partitions; `inactive` was found dead or deactivated; `leaving` was removed and serves on. */
export type BrokerState = 'active' | 'inactive' | 'leaving';

export interface Broker {
  readonly name: string;
  /** The node's journal id; undefined while no node of this name is known. */
  readonly replica: string | undefined;
  /** Where clients reach the node, `http://host:port`. */
  readonly url: string | undefined;
  /** Set by an admin's deactivate; health cannot undo it. */
  readonly deactivated: boolean;
  /** Health's last word. */
  readonly alive: boolean;
  readonly leaving: boolean;
}

/** A node that has presented itself, whether or not it is a broker (a manual one waits for an admin's `add`). */
export interface DirectoryNode {
  readonly name: string;
  readonly replica: string;
  readonly url: string;
}

export interface PartitionPlacement {
  readonly group: GroupId;
  /**
   * How often the partition lost a majority of its copies, all in memory, and was begun anew under another group; absent: never. Its
   * offsets go on far above those of the generation before: none is ever used again.
   */
  readonly generation?: number;
  /** In order of preference; the first is told to campaign at once. */
  readonly replicas: readonly { readonly node: string; readonly replica: string }[];
}

/**
 * `creating` and `deleting` topics cannot be used. A removed topic is `deleting`, and its name taken, until a majority of the replicas
 * of each of its partitions has journaled its death.
 */
export interface Topic {
  readonly name: string;
  readonly state: 'creating' | 'ready' | 'deleting';
  /** Absent: on disk. */
  readonly storage?: TopicStorage;
  /** Where a partition was begun anew: the group of the first partition at the topic's creation, by which topics are ordered. */
  readonly created?: GroupId;
  readonly partitions: readonly PartitionPlacement[];
}

export type AdminAction = 'add' | 'remove' | 'activate' | 'deactivate';

/**
 * A node's word on its copies in memory: those of `groups` are lost (damaged, and no leader to heal from), and take part in
 * nothing since before this was said; all others may take part. Each word takes the place of the node's one before; of two,
 * the one with the higher `start`, then `turn`, was said later. A group with a majority of its copies lost is begun anew.
 */
export interface CopiesLost {
  readonly kind: 'copies-lost';
  readonly replica: string;
  readonly start: number;
  readonly turn: number;
  readonly groups: readonly GroupId[];
}

export interface ReplicasDied {
  readonly kind: 'replicas-died';
  readonly replica: string;
  readonly groups: readonly GroupId[];
}

/** A consumer, by what it is called and where. */
export interface ConsumerRef {
  readonly id: string;
  readonly topic: string;
}

/** Seen to be in use on some node since the hour began. What is not known is passed over. */
export interface IdsUsed {
  readonly kind: 'ids-used';
  readonly producers: readonly string[];
  readonly consumers: readonly ConsumerRef[];
}

/** Those of them that nobody has been seen to use for this many hours. */
export interface ForgetUnused {
  readonly kind: 'forget-unused';
  readonly hours: number;
  readonly producers: readonly string[];
  readonly consumers: readonly ConsumerRef[];
}

export type DirectoryCommand =
  | { readonly kind: 'create-topic'; readonly name: string; readonly partitions: number }
  /** A command of its own, since logs of earlier releases hold the other one as it is. */
  | { readonly kind: 'create-memory-topic'; readonly name: string; readonly partitions: number }
  | CopiesLost
  /** The node with this journal was seen to run on another one: its copies in memory are lost, until it says a later word of them. */
  | { readonly kind: 'journal-lost'; readonly replica: string }
  | { readonly kind: 'topic-ready'; readonly name: string }
  /**
   * Only of a topic that is ready. So a `topic-ready` never meets a namesake: it is proposed while its topic is being created, one
   * at a time, and a removal that stood before it in the log was refused. Of a topic that is being deleted already it joins that
   * removal, and with `force` takes the replicas on brokers that an admin has removed for dead: if they are all that is missing.
   */
  | { readonly kind: 'remove-topic'; readonly name: string; readonly force?: boolean }
  /**
   * The node with this journal has journaled the death of its replicas of these groups of topics that are being deleted: it never
   * takes part in them again.
   */
  | ReplicasDied
  /** Answered as it was the first time, also where `raise-epoch` came in between. */
  | { readonly kind: 'register-producer'; readonly id: string; readonly topic: string }
  /**
   * A partition of the topic has forgotten producers of epochs below this one. Who registers from here on is given `epoch`, and so can be
   * told from those that were forgotten; who has registered before may be one of them.
   */
  | { readonly kind: 'raise-epoch'; readonly topic: string; readonly epoch: number }
  | { readonly kind: 'register-consumer'; readonly id: string; readonly topic: string }
  /** Registers the consumer with the topic if it is new, and gives it the next session number. */
  | { readonly kind: 'open-consumer'; readonly id: string; readonly topic: string }
  /**
   * The same by an opener that names itself: it is given the number again that it has, as long as that is the newest. A command of its own,
   * as logs of earlier releases hold the other one.
   */
  | {
      readonly kind: 'open-session';
      readonly id: string;
      readonly topic: string;
      readonly opener: string;
    }
  /**
   * One more hour was counted by a primary while it led. Uses are dated by these hours, which nothing else moves: no clock that steps or
   * runs wild makes an id look unused, and while nobody leads none grows old.
   */
  | { readonly kind: 'use-hour' }
  | IdsUsed
  | ForgetUnused
  /** An operator removes it. */
  | { readonly kind: 'remove-consumer'; readonly id: string; readonly topic: string }
  | { readonly kind: 'remove-producer'; readonly id: string; readonly topic: string }
  /** A node presents itself; makes it a broker unless `manual`. */
  | {
      readonly kind: 'register-node';
      readonly name: string;
      readonly replica: string;
      readonly url: string;
      readonly manual: boolean;
    }
  | { readonly kind: 'set-alive'; readonly broker: string; readonly alive: boolean }
  | { readonly kind: 'admin'; readonly action: AdminAction; readonly broker: string };

/**
 * A command as it stands in the log. `tag` names the call that asked for it (32 lower-case hexadecimal characters, drawn
 * by the asker's manager once per call and kept over its retries; empty: none): a command whose tag has
 * succeeded before is answered as it was then and changes nothing. So a retry after an unknown outcome is never told
 * that the topic which it created itself exists already.
 */
export interface DirectoryEntry {
  readonly tag: string;
  readonly command: DirectoryCommand;
}

/** `partitions`: the topic's, for commands about one; else 0. `session`: only of `open-consumer`. */
export type DirectoryResult =
  | { readonly ok: true; readonly partitions: number; readonly session?: number }
  | { readonly ok: false; readonly error: CallError };

/** A topic that is `deleting` takes its producers and consumers with it; there are no events for those that go so. */
export type DirectoryEvent =
  | { readonly kind: 'topic'; readonly topic: Topic }
  /** A topic that was being deleted is gone, and its name free. */
  | { readonly kind: 'topic-gone'; readonly topic: Topic }
  /** `epoch`: under which its numbered records are stored; absent: 0. */
  | {
      readonly kind: 'producer';
      readonly id: string;
      readonly topic: string;
      readonly epoch?: number;
    }
  /**
   * Also when a consumer that is known was given a session number: `session` is the newest, 0 for none. `byName`: the id has the form of
   * drawn ones, but a client has chosen it, and nobody has registered it.
   */
  | {
      readonly kind: 'consumer';
      readonly id: string;
      readonly topic: string;
      readonly session: number;
      readonly byName?: true;
      /** Who was given `session`. */
      readonly opener?: string;
      /** The lowest session number that may be this consumer's, and not a namesake's that is gone; absent: 1. */
      readonly since?: number;
    }
  /** Unused for too long, or removed by an operator. */
  | { readonly kind: 'producer-gone'; readonly id: string; readonly topic: string }
  | { readonly kind: 'consumer-gone'; readonly id: string; readonly topic: string }
  | { readonly kind: 'broker'; readonly broker: Broker }
  /** It was removed, and no node has ever had its name: nothing can be left of it. */
  | { readonly kind: 'broker-gone'; readonly broker: string };

/** What one command did. */
export interface Applied {
  readonly result: DirectoryResult;
  readonly events: readonly DirectoryEvent[];
}

export function brokerState(broker: Broker): BrokerState {
  if (broker.leaving) return 'leaving';
  return broker.alive && !broker.deactivated ? 'active' : 'inactive';
}

export function createsTopic(
  command: DirectoryCommand,
): command is Extract<DirectoryCommand, { kind: 'create-topic' | 'create-memory-topic' }> {
  return command.kind === 'create-topic' || command.kind === 'create-memory-topic';
}
