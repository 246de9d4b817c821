/** The verdict on a log at open. Pure: from what the journal says and what the walk found. */
import type { OwedTail, Tail, Verdict } from '../raft/types.ts';
import type { ReplicaState } from './journal-state.ts';
import { isAfter } from './walk.ts';
import type { Walk } from './walk.ts';

function owedText(owed: OwedTail): string {
  return owed.kind === 'unknown'
    ? 'an unknown tail'
    : `entry ${String(owed.tail.index)} of term ${String(owed.tail.term)}`;
}

function equal(a: Tail | undefined, b: Tail): boolean {
  return a?.index === b.index && a.term === b.term && a.checksum === b.checksum;
}

/** Where the walk ends and why, for people. */
function foundText(walk: Walk): string {
  const end = `the log is sound up to ${String(walk.tail.index)}`;
  return walk.fault === undefined ? end : `${end} (${walk.fault}; highest ${String(walk.highest)})`;
}

export function judge(replica: ReplicaState, walk: Walk): Verdict {
  const { owed, hard, condition } = replica;
  if (condition === 'lost') {
    return {
      kind: 'journal-lost',
      detail: 'hard records of this replica are unsound in both copies of the journal',
    };
  }
  if (walk.newest.term > hard.term) {
    return {
      kind: 'journal-lost',
      detail: `the log holds term ${String(walk.newest.term)}, the journal knows only ${String(hard.term)}`,
    };
  }
  const damaged = (why: string, owing: OwedTail): Verdict => ({
    kind: 'damaged',
    owed: owing,
    detail: `${why}; ${foundText(walk)}; owes ${owedText(owing)}`,
  });
  if (condition === 'damaged') {
    const why =
      replica.storage === 'memory' && walk.tail.index === 0
        ? 'its entries were in the memory of an earlier process'
        : 'an earlier start found this copy damaged, and it waits until healthy copies of the others have mended it: keep their nodes running';
    return damaged(why, owed);
  }
  if (owed.kind === 'unknown') return damaged('what it owes is unknown', owed);
  // Entries come in the same batch as the tail record that promises them. So some batch's record is gone, and it may
  // have promised more than what is here.
  const unknown: OwedTail = { kind: 'unknown' };
  if (isAfter(walk.newest, owed.tail)) return damaged('an entry is later than the owed tail', unknown);
  if (walk.tail.index < owed.tail.index) {
    return damaged(walk.fault === undefined ? 'the tail is lost' : 'the log has a hole', owed);
  }
  if (!equal(walk.watched, owed.tail)) return damaged('another entry stands where the owed tail was', owed);
  if (walk.tail.index > owed.tail.index || walk.fault !== undefined) {
    return damaged('entries lie above the owed tail', unknown);
  }
  return { kind: 'clean' };
}
