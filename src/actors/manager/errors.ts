/** What a manager answers when the directory itself has decided nothing. Each says what became of the change. */
import { removalText } from '../../directory/errors.ts';
import type { RemovalProgress } from '../../directory/index.ts';
import { failure, type CallError, type Outcome } from '@callboard/client/protocol';

const fate: Readonly<Record<Outcome, string>> = {
  applied: 'the change was made',
  not_applied: 'nothing was changed',
  unknown: 'the change may have been made or may yet be',
};

export function noQuorum(deadlineMs: number, outcome: Outcome): CallError {
  const message = `No leader of the directory could be found within ${deadlineMs} ms; ${fate[outcome]}. A majority of the nodes named at the start must be up and see each other.`;
  return failure('no_quorum', { message, outcome });
}

export function noAnswer(deadlineMs: number, outcome: Outcome): CallError {
  const message = `The directory did not answer within ${deadlineMs} ms; ${fate[outcome]}. Try again.`;
  return failure('timeout', { message, outcome });
}

export function stillCreating(name: string, deadlineMs: number, outcome: Outcome): CallError {
  const message = `Topic '${name.slice(0, 80)}' was not ready within ${deadlineMs} ms; its partitions are still looking for leaders. It appears by itself when they have them.`;
  return failure('timeout', { message, outcome });
}

/** Of a creation that waited for the topic to be ready. */
export function removedMeanwhile(name: string, outcome: Outcome): CallError {
  const message = `Topic '${name.slice(0, 80)}' was removed while it was being created. Create it again if it is still wanted.`;
  return failure('topic_deleting', { message, outcome });
}

export function stillDeleting(name: string, deadlineMs: number, progress: RemovalProgress): CallError {
  const message = `Topic '${name.slice(0, 80)}' was not gone within ${deadlineMs} ms: ${removalText(name, progress)}`;
  return failure('timeout', { message, outcome: 'unknown' });
}

export function notSpread(nodes: readonly string[], deadlineMs: number): CallError {
  const message = `The change was made, but these nodes have not confirmed it within ${deadlineMs} ms: ${nodes.join(', ')}. They will follow.`;
  return failure('timeout', { message, outcome: 'unknown' });
}

export function tooManyWaiting(what: string, limit: number): CallError {
  const message = `This node follows ${limit} ${what} already, which is its limit; nothing was changed. Try again shortly.`;
  return failure('overloaded', { message, outcome: 'not_applied', retryAfterMs: 100 });
}

export function badCommand(): CallError {
  const message =
    'The change names something that cannot be written down: a text too long or not well-formed, or a number not whole.';
  return failure('bad_request', { message, outcome: 'not_applied' });
}

export function outsider(node: string, detail: string): CallError {
  const message = `Node ${node} takes no part in the directory: ${detail}. Use another node of the cluster.`;
  return failure('unavailable', { message, outcome: 'not_applied' });
}

export function notPrimary(): CallError {
  return failure('not_leader', {
    message: 'This manager does not lead the directory.',
    outcome: 'not_applied',
  });
}

/** Of changes that make the directory grow; removals go on. */
export function diskSpent(): CallError {
  const message =
    "The disk of the primary manager's node is nearly full, so that nothing is created or registered: free space on it and try again. Topics can still be removed.";
  return failure('low_disk_space', { message, retryAfterMs: 1_000 });
}

export function deposedPrimary(): CallError {
  return failure('not_leader', {
    message: `This manager stopped leading the directory before the change was decided; ${fate.unknown}.`,
    outcome: 'unknown',
  });
}

export function tooManyCreating(before: number, partitions: number, afterMs: number): CallError {
  const message = `${before} partitions are being created, and ${partitions} more would not be ready in time, so they were not begun. Try again in ${afterMs} ms, or create smaller topics.`;
  return failure('overloaded', { message, outcome: 'not_applied', retryAfterMs: afterMs });
}

export function primaryBusy(): CallError {
  const message = 'The primary manager has as many changes in progress as it may have.';
  return failure('overloaded', { message, outcome: 'not_applied', retryAfterMs: 100 });
}
