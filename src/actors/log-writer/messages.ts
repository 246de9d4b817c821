/**
 * LogWriter: the only writer of a node's log, with exactly one batch in flight. All requests of all groups gather
 * while it runs; one synced batch carries them. It answers in the order of asking, per group.
 */
import type { Ref } from '../../kernel/index.ts';
import type { Birth, GroupWrite } from '../../raft/index.ts';
import type { GroupId } from '@callboard/client/protocol';
import type { GroupOpened, GroupWritten } from '../group/messages.ts';

/** Make one persist effect durable; answered by `group-written`. */
export interface LogWrite {
  readonly kind: 'log-write';
  readonly replyTo: Ref<GroupWritten>;
  readonly incarnation: number;
  readonly token: number;
  readonly write: GroupWrite;
}

/** Walk the group's log once nothing of it is queued or in flight; answered by `group-opened`. */
export interface LogOpen {
  readonly kind: 'log-open';
  readonly replyTo: Ref<GroupOpened>;
  readonly incarnation: number;
  readonly group: GroupId;
}

/** Journal new replicas; answered by `log-born` when durable. */
export interface LogBirth {
  readonly kind: 'log-birth';
  readonly replyTo: Ref<LogBorn>;
  readonly births: readonly Birth[];
}

export interface LogBorn {
  readonly kind: 'log-born';
  readonly groups: readonly GroupId[];
}

/**
 * Journal the end of replicas and delete what they have stored; answered by `log-died` when the end is durable. Their actors have
 * been stopped before: what these still have queued is dropped, and what is in flight is waited for.
 */
export interface LogDeath {
  readonly kind: 'log-death';
  readonly replyTo: Ref<LogDied>;
  readonly groups: readonly GroupId[];
}

export interface LogDied {
  readonly kind: 'log-died';
  readonly groups: readonly GroupId[];
}

/** Journal a node document; answered by `log-saved` when durable, and when all births and deaths that were asked for before are. */
export interface LogSave {
  readonly kind: 'log-save';
  readonly replyTo: Ref<LogSaved>;
  readonly name: string;
  readonly text: string;
}

export interface LogSaved {
  readonly kind: 'log-saved';
  readonly name: string;
}

/** The store's own answer to the batch, births, deaths or document in flight. */
export interface LogDone {
  readonly kind: 'log-done';
  readonly failure: string | undefined;
}

/** One walk ended; its asker was told. */
export interface LogWalked {
  readonly kind: 'log-walked';
  readonly group: GroupId;
}

export type LogWriterMessage = LogWrite | LogOpen | LogBirth | LogDeath | LogSave | LogDone | LogWalked;

export const logWriterActorId = 'log-writer';
