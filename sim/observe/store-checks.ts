/** Turns what a node's store was asked and answered into what the checkers of promises need to know. */
import type { GroupId } from '@callboard/client/protocol';
import type { GroupMember } from '../../src/actors/group/messages.ts';
import type {
  Birth,
  EntriesAnswer,
  EntriesRequest,
  GroupWrite,
  RecoveredLog,
  StoreAnswer,
  StoreBatch,
} from '../../src/raft/index.ts';
import type { DurabilityChecker } from '../checkers/durability.ts';
import type { Promises, WrittenPart } from '../checkers/promises.ts';
import type { StoreObserver } from './observed-store.ts';
import type { Report } from './report.ts';

export interface StoreCheckers {
  readonly report: Report;
  readonly promises: Promises;
  readonly durability: DurabilityChecker;
  readonly excused: () => boolean;
  /** The store was made to fail: its last answers mean nothing, and the process is about to end. */
  readonly mayFail: () => boolean;
  readonly nowMicros: () => number;
  /** When a fault last changed what is on the disk. */
  readonly damagedAtMicros: () => number;
  readonly onOpenedDamaged: () => void;
  readonly onWriting: (truncates: boolean) => void;
}

export class StoreChecks implements StoreObserver {
  readonly #node: string;
  readonly #checkers: StoreCheckers;
  /** Groups whose logs are being walked, and since when. */
  readonly #walking = new Map<GroupId, number>();
  /** Every group whose log was opened by this process before. */
  readonly #openedBefore = new Set<GroupId>();
  #inFlight: StoreBatch | undefined;

  constructor(node: string, checkers: StoreCheckers) {
    this.#node = node;
    this.#checkers = checkers;
  }

  born(births: readonly Birth[]): void {
    for (const { group, members, storage } of births) {
      const placed = JSON.parse(members) as readonly GroupMember[];
      this.#checkers.promises.born(this.#node, group, placed, storage === 'memory');
    }
  }

  dying(groups: readonly GroupId[]): void {
    for (const group of groups) {
      this.#checkers.promises.dying(this.#node, group, this.#checkers.nowMicros());
      this.#checkRace(group, this.#walking.has(group));
    }
    this.#checkers.report.sometimes('a replica of a removed topic was deleted');
  }

  died(groups: readonly GroupId[]): void {
    for (const group of groups) this.#checkers.promises.died(this.#node, group);
  }

  /** A death may be durable though its process ended before it was told so. */
  found(births: readonly Birth[], diedUpTo: number): void {
    const { promises } = this.#checkers;
    const living = new Set<number>(births.map(({ group }) => group));
    for (const [group, nodes] of promises.deaths()) {
      const over = group <= diedUpTo && !living.has(group);
      if (over && nodes.has(this.#node)) promises.died(this.#node, group);
    }
  }

  writing(batch: StoreBatch): void {
    this.#inFlight = batch;
    this.#checkers.onWriting(batch.some((write) => write.truncateFrom !== undefined));
    if (batch.length > 1) this.#checkers.report.sometimes('batches of several groups shared a sync');
    for (const { group } of batch) this.#checkRace(group, this.#walking.has(group));
  }

  written(batch: StoreBatch, answer: StoreAnswer): void {
    if (!answer.ok) {
      this.#checkers.report.sometimes('a store failed');
      return;
    }
    this.#inFlight = undefined;
    const { durability, promises } = this.#checkers;
    for (const write of batch) {
      if (write.healed) durability.healed(this.#node, write.group, write.tail?.index ?? 0);
      promises.written(this.#node, partOf(write));
    }
  }

  opening(group: GroupId): void {
    this.#walking.set(group, this.#checkers.nowMicros());
    this.#checkRace(group, this.#inFlight?.some((write) => write.group === group) ?? false);
  }

  opened(group: GroupId, log: RecoveredLog): void {
    const { promises, report, excused } = this.#checkers;
    const disturbed = this.#checkers.damagedAtMicros() >= (this.#walking.get(group) ?? 0);
    this.#walking.delete(group);
    const { verdict, hard, tail } = log;
    report.event(
      this.#node,
      'opened',
      group,
      verdict.kind,
      tail.index,
      log.highest,
      verdict.kind === 'clean' ? '' : verdict.detail,
    );
    if (verdict.kind === 'journal-lost' && this.#checkers.mayFail()) return;
    if (verdict.kind === 'damaged') {
      report.sometimes('a replica was found damaged');
      if (promises.isInMemory(group)) {
        report.sometimes('a copy in memory came back empty');
        if (verdict.owed.kind === 'unknown') report.sometimes('a copy in memory did not know what it owes');
      } else this.#checkers.onOpenedDamaged();
      if (verdict.owed.kind === 'unknown') report.sometimes('an owed tail was unknown');
      if (promises.of(this.#node, group).damaged) report.sometimes('a damaged replica was restarted');
    }
    if (this.#openedBefore.has(group)) report.sometimes('a replica was opened anew by its supervisor');
    this.#openedBefore.add(group);
    const owedKnown = verdict.kind !== 'damaged' || verdict.owed.kind === 'known';
    promises.opened(
      this.#node,
      group,
      { verdict: verdict.kind, owedKnown, hard, tailIndex: tail.index, disturbed },
      excused(),
    );
  }

  read(_request: EntriesRequest, answer: EntriesAnswer): void {
    if (answer.bad !== undefined) this.#checkers.report.sometimes('damage was found by a read');
  }

  /** The process is gone; what was under way may or may not have happened. */
  ended(): void {
    for (const write of this.#inFlight ?? []) this.#checkers.promises.leftInDoubt(this.#node, partOf(write));
  }

  #checkRace(group: GroupId, races: boolean): void {
    if (!races) return;
    this.#checkers.report.violation(
      'store',
      `${this.#node} opens the log of group ${group} while it is being written`,
    );
  }
}

function partOf({ group, truncateFrom, entries, hard, tail, healed }: GroupWrite): WrittenPart {
  return { group, truncateFrom, entries, hard, tailIndex: tail?.index, healed };
}
