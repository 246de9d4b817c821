/**
 * Barriers (S13): everything that any node had answered before the question is applied here before the answer.
 *
 * Whatever was answered anywhere was committed before, so it lies at or below the commit index that the primary
 * confirms (ReadIndex) after the question. One round covers all who had asked when it began; who asks while it runs
 * waits for the next: its confirmation may be older than their question.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import type { CallError, Limits } from '@callboard/client/protocol';
import { noAnswer, noQuorum, tooManyWaiting } from './errors.ts';
import { managerActorId, type Barrier, type ManagerMessage, type PrimaryAnswer } from './messages.ts';
import { Pace } from './pace.ts';
import type { DirectoryView } from './view.ts';

interface Waiter {
  readonly answer: (error: CallError | undefined) => void;
  readonly givenMs: number;
  readonly dueMs: number;
}

interface Round {
  readonly id: number;
  waiters: readonly Waiter[];
}

interface Confirmed {
  readonly index: number;
  waiters: readonly Waiter[];
}

export class Barriers {
  readonly #context: Context<ManagerMessage>;
  readonly #view: DirectoryView;
  readonly #limits: Limits;
  readonly #nextId: () => number;
  readonly #pace: Pace;
  #queued: Waiter[] = [];
  #round: Round | undefined;
  #confirmed: Confirmed[] = [];
  #size = 0;

  constructor(context: Context<ManagerMessage>, view: DirectoryView, limits: Limits, nextId: () => number) {
    this.#context = context;
    this.#view = view;
    this.#limits = limits;
    this.#nextId = nextId;
    this.#pace = new Pace(limits.managerRetryMs, limits.managerRetryMaxMs);
  }

  get size(): number {
    return this.#size;
  }

  ask({ id, replyTo, deadlineMs }: Barrier): void {
    this.#wait(deadlineMs, (error) => {
      this.#context.send(replyTo, { kind: 'directory-answer', id, result: undefined, error }, 'control');
    });
  }

  /** A barrier of the manager's own. */
  confirm(then: (holds: boolean) => void): void {
    this.#wait(this.#limits.callDeadlineMs, (error) => then(error === undefined));
  }

  #wait(deadlineMs: number, answer: Waiter['answer']): void {
    const nowMs = this.#context.now();
    const dueMs = nowMs + Math.max(0, deadlineMs - 2 * this.#limits.tickMs);
    const waiter: Waiter = { answer, givenMs: deadlineMs, dueMs };
    const most = this.#limits.managerPendingBarriers;
    if (this.#size >= most) {
      waiter.answer(tooManyWaiting('barriers', most));
      return;
    }
    this.#size += 1;
    this.#queued.push(waiter);
    if (this.#round === undefined) this.#begin(nowMs);
  }

  /** The primary's word on a round. Of an earlier round: too old for some who wait, and ignored. */
  answered(answer: PrimaryAnswer): void {
    const round = this.#round;
    if (round?.id !== answer.id) return;
    this.#round = undefined;
    if (answer.error !== undefined) {
      // Asked again at the next tick that is due, or when a leader is known.
      this.#queued = [...round.waiters, ...this.#queued];
      return;
    }
    this.#confirmed.push({ index: answer.index, waiters: round.waiters });
    this.#pace.reset();
    if (this.#queued.length > 0) this.#begin(this.#context.now());
  }

  leaderChanged(): void {
    if (this.#view.leaderNode() === undefined) return;
    this.#pace.reset();
    if (this.#round !== undefined || this.#queued.length > 0) this.#begin(this.#context.now());
  }

  /** After each turn in which something may have been applied; its events have been sent. */
  settle(): void {
    if (this.#confirmed.length === 0) return;
    const applied = this.#view.applied();
    const due = this.#confirmed.filter((one) => one.index <= applied);
    if (due.length === 0) return;
    this.#confirmed = this.#confirmed.filter((one) => one.index > applied);
    for (const { waiters } of due) {
      this.#size -= waiters.length;
      for (const waiter of waiters) waiter.answer(undefined);
    }
  }

  tick(nowMs: number): void {
    if (this.#size === 0) return;
    this.#queued = this.#inTime(this.#queued, nowMs);
    if (this.#round !== undefined) this.#round.waiters = this.#inTime(this.#round.waiters, nowMs);
    for (const one of this.#confirmed) one.waiters = this.#inTime(one.waiters, nowMs);
    this.#confirmed = this.#confirmed.filter((one) => one.waiters.length > 0);
    if (this.#queued.length + (this.#round?.waiters.length ?? 0) > 0 && this.#pace.due(nowMs)) {
      this.#begin(nowMs);
    }
  }

  /** A new round for all who wait for one; an earlier one that was not answered is given up. */
  #begin(nowMs: number): void {
    const leader = this.#view.leaderNode();
    const waiters = [...(this.#round?.waiters ?? []), ...this.#queued];
    this.#round = undefined;
    this.#queued = waiters;
    if (leader === undefined || waiters.length === 0) return;
    const id = this.#nextId();
    const sent = this.#context.send(
      refTo<ManagerMessage>(leader, managerActorId),
      { kind: 'primary-read', id, fromNode: this.#context.self.node },
      'control',
    );
    if (sent !== 'accepted') return;
    this.#round = { id, waiters };
    this.#queued = [];
    // Counts as this round's time; the next one for the same waiters comes a pause later.
    this.#pace.due(nowMs);
  }

  #inTime<T extends readonly Waiter[]>(waiters: T, nowMs: number): Waiter[] {
    const kept = waiters.filter((waiter) => nowMs < waiter.dueMs);
    if (kept.length === waiters.length) return kept;
    const leaderKnown = this.#view.leaderNode() !== undefined;
    for (const waiter of waiters) {
      if (nowMs < waiter.dueMs) continue;
      this.#size -= 1;
      const { givenMs } = waiter;
      waiter.answer(leaderKnown ? noAnswer(givenMs, 'not_applied') : noQuorum(givenMs, 'not_applied'));
    }
    return kept;
  }
}
