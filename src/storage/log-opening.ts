/** Opens one log: walk, verdict, what the journal must record of it, and what the offset index needs mended. */
import type { Crc32 } from '@callboard/client/protocol';
import type { OwedTail, RecoveredLog, Verdict } from '../raft/types.ts';
import type { Engine, EngineOp } from './engine.ts';
import type { Condition, ReplicaState, StateChange } from './journal-state.ts';
import { IndexCheck } from './index-check.ts';
import type { OpenLog } from './open-log.ts';
import { judge } from './verdict.ts';
import { LogWalk } from './walk.ts';
import type { Walk } from './walk.ts';

export interface OpeningOptions {
  readonly engine: Engine;
  readonly crc32: Crc32;
  readonly pageBytes: number;
  readonly gapBytes: number;
}

export interface Opening {
  readonly recovered: RecoveredLog;
  readonly log: OpenLog;
  /** To be journaled before the answer. */
  readonly change: StateChange | undefined;
  /** Engine batches that mend the offset index. */
  readonly fixes: readonly (readonly EngineOp[])[];
}

const opsPerBatch = 1_024;

export function openLog(
  options: OpeningOptions,
  replica: ReplicaState,
  done: (opening: Opening) => void,
): void {
  const { engine, crc32, pageBytes, gapBytes } = options;
  const check = new IndexCheck({ engine, crc32, log: replica }, gapBytes);
  const walk = new LogWalk(
    {
      engine,
      crc32,
      log: replica,
      watch: replica.owed.kind === 'known' ? replica.owed.tail.index : 0,
      pageBytes,
      onPage: (entries, next) => check.page(entries, next),
    },
    (found) => {
      const verdict = judge(replica, found);
      const finish = (): void => done(conclude(replica, found, verdict, check));
      if (verdict.kind === 'clean') check.finish(finish);
      else finish();
    },
  );
  walk.start();
}

function conclude(replica: ReplicaState, walk: Walk, verdict: Verdict, check: IndexCheck): Opening {
  const { runs, tail, highest } = walk;
  const clean = verdict.kind === 'clean';
  const log: OpenLog = {
    key: { group: replica.group, life: replica.life },
    end: tail.index,
    highest,
    strays: !clean,
    at: check.state,
    exactTo: clean ? Infinity : tail.index,
  };
  return {
    recovered: { hard: replica.hard, verdict, runs, tail, highest },
    log,
    change: changeFor(replica, verdict),
    fixes: slices(check.fixes),
  };
}

function changeFor(replica: ReplicaState, verdict: Verdict): StateChange | undefined {
  const condition: Condition =
    verdict.kind === 'clean' ? 'normal' : verdict.kind === 'damaged' ? 'damaged' : 'lost';
  const owed: OwedTail = verdict.kind === 'damaged' ? verdict.owed : replica.owed;
  if (condition === replica.condition && owed === replica.owed) return undefined;
  const { group, hard, owedSequence } = replica;
  return { group, hard, condition, owed, owedSequence };
}

function slices(ops: readonly EngineOp[]): readonly (readonly EngineOp[])[] {
  const batches: (readonly EngineOp[])[] = [];
  for (let at = 0; at < ops.length; at += opsPerBatch) batches.push(ops.slice(at, at + opsPerBatch));
  return batches;
}
