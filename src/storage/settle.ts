/**
 * Settles at start what every replica owes, from the journal and the engine's own tail records. Pure.
 *
 * The sequences of engine batches are dense. From the newest base record on, each must have its tail record in the
 * journal or in the engine; a batch that is in neither may have raised any replica's tail, so what they owe is unknown.
 *
 * - The engine ahead of the journal is normal: tail records are not synced at once.
 * - The journal ahead of the engine means that the engine lost batches. What they promised stands in the journal,
 *   unless the journal may itself have lost tail records at the end: after a power loss, and then all is unknown. (A
 *   process that only died leaves its writes to the operating system, so within one boot nothing is lost.)
 * - Logs in memory are gone with their process; what they owe stands in the journal alone, in unsynced records.
 * - An engine that knows of more hard records, or of a later start, than the journal proves the journal to be an older copy.
 */
import type { EngineFindings } from './engine-tails.ts';
import type { FoundJournal } from './journal-recovery.ts';
import { MutableState } from './journal-state.ts';
import type { ReplicaState } from './journal-state.ts';

export interface StartFacts {
  readonly bootId: string;
  /** The engine's data are gone as a whole: set aside now, or found empty. */
  readonly engineLost: boolean;
}

export interface Settled {
  readonly state: MutableState;
  readonly warnings: readonly string[];
}

interface Unknown {
  /** Replicas whose owed tail is not as new as this sequence do not know what they owe. */
  readonly before: number;
  readonly why: string;
}

function findUnknown(
  found: FoundJournal,
  engine: EngineFindings,
  facts: StartFacts,
  newest: number,
): Unknown | undefined {
  let newestInEngine = 0;
  for (const sequence of engine.tails.keys()) newestInEngine = Math.max(newestInEngine, sequence);
  const engineLost = facts.engineLost || !engine.readable || newestInEngine < found.state.sequence;
  if (engineLost && !isWhole(found, facts)) {
    return {
      before: Infinity,
      why: 'the engine lost batches, and the journal may have lost the tails of newer ones',
    };
  }
  const beyond = engine.unsound.some((sequence) => sequence > newest);
  if (beyond) return { before: Infinity, why: 'the newest tail record in the engine is unsound' };
  for (let sequence = newest; sequence > found.baseSequence; sequence -= 1) {
    if (!found.sequences.has(sequence) && !engine.tails.has(sequence)) {
      return {
        before: sequence,
        why: `the tail record of batch ${String(sequence)} is neither in the journal nor in the engine`,
      };
    }
  }
  return undefined;
}

/** Nothing appended to the journal can be missing at its end. Within one boot the operating system has all of it. */
function isWhole(found: FoundJournal, facts: StartFacts): boolean {
  const sameBoot = facts.bootId !== '' && facts.bootId === found.state.bootId;
  return found.complete || sameBoot || found.state.tailsSynced;
}

export function settle(found: FoundJournal, engine: EngineFindings, facts: StartFacts): Settled {
  const warnings: string[] = [];
  const state = new MutableState(found.state);
  const tails = [...engine.tails.values()].toSorted((a, b) => a.record.sequence - b.record.sequence);
  const journalIsOld = tails.some(
    (tail) => tail.start > state.startCount || tail.hardNumber > found.lastHardNumber,
  );
  for (const tail of tails) if (tail.record.sequence > found.baseSequence) state.applyTails(tail.record);
  const unknown = findUnknown(found, engine, facts, state.sequence);
  if (unknown !== undefined) warnings.push(`owed tails unknown: ${unknown.why}`);
  const lostBelow = journalIsOld ? Infinity : found.lostBelow;
  if (lostBelow > 0) {
    warnings.push(
      journalIsOld
        ? 'the journal is older than the engine: it was put back or lost its end'
        : 'a hard record is unsound in both journal files',
    );
  }
  for (const [group, replica] of state.replicas) {
    const judged =
      replica.storage === 'memory'
        ? emptied(replica, lostBelow, isWhole(found, facts) && !found.memoryTailsLost)
        : suspect(replica, lostBelow, unknown?.before ?? 0);
    state.replicas.set(group, judged);
  }
  return { state, warnings };
}

/**
 * A replica whose entries were in the memory of an earlier process. Only the journal can tell what it owes. One that
 * owes nothing has lost nothing; any other is damaged until it has healed.
 */
function emptied(replica: ReplicaState, lostBelow: number, tailsKnown: boolean): ReplicaState {
  if (replica.condition === 'lost' || lostBelow > replica.record) return { ...replica, condition: 'lost' };
  if (!tailsKnown) return { ...replica, condition: 'damaged', owed: { kind: 'unknown' } };
  const owesNothing = replica.owed.kind === 'known' && replica.owed.tail.index === 0;
  return owesNothing ? replica : { ...replica, condition: 'damaged' };
}

function suspect(replica: ReplicaState, lostBelow: number, unknownBefore: number): ReplicaState {
  if (replica.condition === 'lost' || lostBelow > replica.record) return { ...replica, condition: 'lost' };
  if (unknownBefore > replica.owedSequence) {
    return { ...replica, condition: 'damaged', owed: { kind: 'unknown' } };
  }
  return replica;
}
