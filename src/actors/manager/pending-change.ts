/** One change on its way, seen from the node that was asked for it. */
import type { Ref } from '../../kernel/index.ts';
import { createsTopic, type DirectoryCommand, type DirectoryResult } from '../../directory/index.ts';
import type { CallError, GroupId } from '@callboard/client/protocol';
import { noAnswer, noQuorum, notSpread, stillCreating, stillDeleting } from './errors.ts';
import type { DirectoryAnswer } from './messages.ts';
import type { DirectoryView } from './view.ts';

/**
 * `asking`: the primary has not answered. `applying`: it has, and this node has not applied the entry. `readying`: the
 * topic is being created or deleted, or the added broker's node has not presented itself. `spreading`: other nodes have not applied it.
 */
export type ChangePhase = 'asking' | 'applying' | 'readying' | 'spreading';

/** Where the answer goes; undefined for what the manager wants itself. */
export interface Asker {
  readonly id: number;
  readonly replyTo: Ref<DirectoryAnswer>;
}

export interface PendingChange {
  readonly asker: Asker | undefined;
  readonly command: DirectoryCommand;
  /** The same for all tries. */
  readonly tag: string;
  readonly givenMs: number;
  readonly dueMs: number;
  phase: ChangePhase;
  /** Tries that were sent and not answered: each may still be carried out. */
  readonly open: Set<number>;
  nextTryMs: number;
  pauseMs: number;
  /** The entry to wait for, and what the directory decided there. */
  index: number;
  result: DirectoryResult | undefined;
  /** Of a removal: the first group of the topic, which tells it from a namesake. */
  removes: GroupId | undefined;
  /** Numbers this change in questions to other nodes, and those that have not answered. */
  spread: number;
  unheard: Set<string>;
  nextSpreadMs: number;
}

/** What is true of a change when its time is up. */
export function lateError(change: PendingChange, view: DirectoryView): CallError {
  const { command, givenMs, phase, result } = change;
  switch (phase) {
    case 'asking': {
      const outcome = change.open.size > 0 ? 'unknown' : 'not_applied';
      return view.leaderNode() !== undefined ? noAnswer(givenMs, outcome) : noQuorum(givenMs, outcome);
    }
    case 'applying':
      return noAnswer(givenMs, result?.ok === true ? 'unknown' : 'not_applied');
    case 'readying': {
      if (command.kind === 'admin') return notSpread([command.broker], givenMs);
      if (command.kind === 'remove-topic') return late(command.name, givenMs, view);
      const name = createsTopic(command) ? command.name : '';
      return stillCreating(name, givenMs, result?.ok === true ? 'unknown' : 'not_applied');
    }
    case 'spreading':
      return notSpread([...change.unheard].toSorted(), givenMs);
  }
}

function late(topic: string, givenMs: number, view: DirectoryView): CallError {
  const progress = view.removal(topic);
  return progress === undefined ? noAnswer(givenMs, 'unknown') : stillDeleting(topic, givenMs, progress);
}
