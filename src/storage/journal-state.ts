/** What the journal knows: the state that its records add up to. */
import type { GroupId, LogIndex, ReplicaId, Term, TopicStorage } from '@callboard/client/protocol';
import type { HardState, OwedTail, Tail } from '../raft/types.ts';

/** `lost`: this replica's hard state may be older than what it promised; it stays out for good. */
export type Condition = 'normal' | 'damaged' | 'lost';

export interface ReplicaState {
  readonly group: GroupId;
  /**
   * Number of the record of its birth. It is part of every key in the engine, so that a replica that takes the place of
   * an earlier one of the same group never meets the earlier one's entries.
   */
  readonly life: number;
  readonly replica: ReplicaId;
  readonly members: string;
  readonly storage: TopicStorage;
  readonly hard: HardState;
  readonly condition: Condition;
  readonly owed: OwedTail;
  /** `owed` holds as of this engine batch; tail records of later ones replace it. Means nothing for entries in memory. */
  readonly owedSequence: number;
  /** Number of the newest hard record about this replica. */
  readonly record: number;
}

export interface GroupTail {
  readonly group: GroupId;
  readonly tail: Tail;
}

/** The tails that one engine batch changed. */
export interface TailRecord {
  readonly sequence: number;
  readonly tails: readonly GroupTail[];
}

export interface JournalState {
  readonly journalId: ReplicaId;
  readonly startCount: number;
  /** Which boot of the machine this start ran under; empty when not known. */
  readonly bootId: string;
  /** Whether this start syncs each tail record before its batch is answered. */
  readonly tailsSynced: boolean;
  /** Sequence of the newest engine batch with a tail record. */
  readonly sequence: number;
  readonly replicas: ReadonlyMap<GroupId, ReplicaState>;
  readonly documents: ReadonlyMap<string, string>;
}

/** A replica's hard state and condition, complete: a later one makes all earlier ones irrelevant. */
export interface StateChange {
  readonly group: GroupId;
  readonly hard: HardState;
  readonly condition: Condition;
  readonly owed: OwedTail;
  readonly owedSequence: number;
}

export interface BirthChange {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly members: string;
  readonly storage: TopicStorage;
}

export type JournalRecord =
  /** `starting`: written by a start that has not accepted work yet. */
  | { readonly kind: 'base'; readonly state: JournalState; readonly starting: boolean }
  | { readonly kind: 'births'; readonly sequence: number; readonly births: readonly BirthChange[] }
  | { readonly kind: 'states'; readonly states: readonly StateChange[] }
  | { readonly kind: 'deaths'; readonly groups: readonly GroupId[] }
  | { readonly kind: 'document'; readonly name: string; readonly text: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'tails'; readonly tails: TailRecord }
  /**
   * The tails that one batch of the engine in memory changed. They have no sequence: nothing but the journal can know
   * of them after the process, so they count in the order of its records.
   */
  | { readonly kind: 'memory-tails'; readonly tails: readonly GroupTail[] };

/** Hard records are synced in both files before anything that they cover is released. */
export function isHard(record: JournalRecord): boolean {
  return record.kind !== 'tails' && record.kind !== 'memory-tails';
}

export const emptyTail: Tail = { index: 0 as LogIndex, term: 0 as Term, checksum: 0 };
export const owesNothing: OwedTail = { kind: 'known', tail: emptyTail };
const unborn: HardState = { term: 0 as Term, vote: undefined };

/** The state being folded; the journal keeps one and changes it in place as its records become durable. */
export class MutableState implements JournalState {
  readonly journalId: ReplicaId;
  readonly startCount: number;
  readonly bootId: string;
  readonly tailsSynced: boolean;
  readonly replicas: Map<GroupId, ReplicaState>;
  readonly documents: Map<string, string>;
  sequence: number;

  constructor(from: JournalState) {
    this.journalId = from.journalId;
    this.startCount = from.startCount;
    this.bootId = from.bootId;
    this.tailsSynced = from.tailsSynced;
    this.sequence = from.sequence;
    this.replicas = new Map(from.replicas);
    this.documents = new Map(from.documents);
  }

  /** Applies any record but a base, which begins a state of its own. `number`: the record's number. */
  apply(record: JournalRecord, number: number): void {
    switch (record.kind) {
      case 'births':
        for (const birth of record.births) this.#born(birth, record.sequence, number);
        break;
      case 'states':
        for (const change of record.states) {
          const replica = this.replicas.get(change.group);
          if (replica === undefined) continue;
          this.replicas.set(change.group, { ...replica, ...change, record: number });
        }
        break;
      case 'deaths':
        for (const group of record.groups) this.replicas.delete(group);
        break;
      case 'document':
        this.documents.set(record.name, record.text);
        break;
      case 'tails':
        this.applyTails(record.tails);
        break;
      case 'memory-tails':
        this.applyMemoryTails(record.tails);
        break;
      case 'closed':
        break;
      case 'base':
        throw new Error('a base record begins a state');
    }
  }

  #born(birth: BirthChange, sequence: number, number: number): void {
    this.replicas.set(birth.group, {
      ...birth,
      life: number,
      hard: unborn,
      condition: 'normal',
      owed: owesNothing,
      owedSequence: sequence,
      record: number,
    });
  }

  applyTails(record: TailRecord): void {
    this.sequence = Math.max(this.sequence, record.sequence);
    for (const { group, tail } of record.tails) {
      const replica = this.replicas.get(group);
      if (replica === undefined || replica.owedSequence >= record.sequence) continue;
      this.replicas.set(group, {
        ...replica,
        owed: { kind: 'known', tail },
        owedSequence: record.sequence,
      });
    }
  }

  applyMemoryTails(tails: readonly GroupTail[]): void {
    for (const { group, tail } of tails) {
      const replica = this.replicas.get(group);
      if (replica !== undefined) this.replicas.set(group, { ...replica, owed: { kind: 'known', tail } });
    }
  }
}
