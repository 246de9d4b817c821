/**
 * Turns a store batch into one engine batch: for each group its truncation as explicit deletes, its entries and
 * their index keys, in order. Looks up what there is to delete, hence the callbacks.
 *
 * One batch may hold several writes of one group; a later one may truncate what an earlier one puts.
 */
import type { GroupId, LogIndex } from '@callboard/client/protocol';
import type { GroupWrite } from '../raft/log-store.ts';
import type { Entry } from '../raft/types.ts';
import type { EngineOp } from './engine.ts';
import { entryKey } from './keys.ts';
import { IndexTrail, pointOf, putPoint } from './offset-index.ts';
import type { IndexPoint } from './offset-index.ts';
import type { OpenLog } from './open-log.ts';
import { series } from './series.ts';
import type { Done, Step } from './series.ts';
import { cutLog } from './truncation.ts';
import type { PlanContext, Staged } from './truncation.ts';

export interface Plan {
  readonly ops: readonly EngineOp[];
  /** How each group's log looks once the batch is durable. */
  readonly logs: ReadonlyMap<GroupId, OpenLog>;
}

export class BatchPlan {
  readonly #context: PlanContext;
  readonly #ops: EngineOp[] = [];
  readonly #staged = new Map<GroupId, Staged>();

  constructor(context: PlanContext) {
    this.#context = context;
  }

  /** `logOf`: the open log of a group. */
  make(
    writes: readonly GroupWrite[],
    logOf: (group: GroupId) => OpenLog,
    done: (error: Error | undefined, plan: Plan) => void,
  ): void {
    const finish = (error: Error | undefined): void => {
      const logs = new Map([...this.#staged].map(([group, staged]) => [group, staged.log]));
      done(error, { ops: this.#ops, logs });
    };
    let at = 0;
    // Writes that need no look-up go by in a loop, not by callbacks.
    const next = (error: Error | undefined): void => {
      let failure = error;
      for (let write = writes[at]; write !== undefined && failure === undefined; write = writes[at]) {
        at += 1;
        if (!this.#write(this.#stage(write.group, logOf), write, next)) return;
        failure = undefined;
      }
      finish(failure);
    };
    next(undefined);
  }

  /** True if it is done at once; otherwise it calls `next` later. */
  #write(staged: Staged, write: GroupWrite, next: Done): boolean {
    const { highest, strays } = staged.log;
    const from = write.truncateFrom;
    const cut = from !== undefined && (strays || from <= highest) ? from : undefined;
    const heal = write.healed ? write.tail : undefined;
    if (cut === undefined && heal === undefined) {
      this.#put(staged, write);
      return true;
    }
    const steps: Step[] = [];
    if (cut !== undefined) steps.push((then) => cutLog(this.#context, staged, cut, this.#ops, then));
    steps.push((then) => {
      this.#put(staged, write);
      then(undefined);
    });
    // Whole again: whatever lies above the end, readable or not, is no part of the log.
    if (heal !== undefined) {
      steps.push((then) => cutLog(this.#context, staged, (heal.index + 1) as LogIndex, this.#ops, then));
      steps.push((then) => {
        staged.log = { ...staged.log, end: heal.index, highest: heal.index, strays: false };
        then(undefined);
      });
    }
    series(steps, next);
    return false;
  }

  #stage(group: GroupId, logOf: (group: GroupId) => OpenLog): Staged {
    const known = this.#staged.get(group);
    if (known !== undefined) return known;
    const staged: Staged = { log: logOf(group), points: [], entries: [], cutFrom: Infinity };
    this.#staged.set(group, staged);
    return staged;
  }

  #put(staged: Staged, write: GroupWrite): void {
    if (write.entries.length === 0) return;
    const { key } = staged.log;
    let { end, highest, exactTo } = staged.log;
    const trail = new IndexTrail(this.#context.gapBytes, staged.log.at);
    for (const entry of write.entries) {
      const isAppended = entry.index === end + 1;
      if (entry.index > end + 1) exactTo = Math.min(exactTo, end);
      this.#ops.push({ kind: 'put', key: entryKey(key, entry.index), value: entry.bytes });
      staged.entries.push(entry);
      const point = isAppended ? trail.step(entry) : repairedPoint(entry, exactTo);
      if (point !== undefined) {
        this.#ops.push(putPoint(key, point, this.#context.crc32));
        staged.points.push(point);
      }
      if (isAppended) end = entry.index;
      if (entry.index > highest) highest = entry.index;
    }
    staged.log = { ...staged.log, end, highest, exactTo, at: trail.state };
  }
}

/**
 * Where the index is whole, a repaired entry has its point already if it needs one. Elsewhere each gets one: how far it is from the
 * next below is not known, nor its place in the running maximum.
 */
function repairedPoint(entry: Entry, exactTo: number): IndexPoint | undefined {
  return entry.index > exactTo ? pointOf(entry, 0) : undefined;
}
