/** Asks groups who leads them, once at a time each: however many calls want to know, they share the question under way. */
import type { GroupId } from '@callboard/client/protocol';
import type { Asks } from './asks.ts';

/** Longer than a round trip; a group without a leader must not hold up what is known of the others. */
const askMs = 300;

export interface LeaderQuestionsOptions {
  readonly asks: Asks;
  now(): number;
  replicas(group: GroupId): readonly string[];
}

export class LeaderQuestions {
  readonly #options: LeaderQuestionsOptions;
  readonly #waiting = new Map<GroupId, (() => void)[]>();

  constructor(options: LeaderQuestionsOptions) {
    this.#options = options;
  }

  /** `then` runs when the answer is there, or will not come soon. What was learnt, `Leaders` knows. */
  ask(group: GroupId, then: () => void): void {
    const waiting = this.#waiting.get(group);
    if (waiting !== undefined) {
      waiting.push(then);
      return;
    }
    this.#waiting.set(group, [then]);
    const { asks, now, replicas } = this.#options;
    asks.start({
      group,
      repeatable: true,
      deadlineMs: now() + askMs,
      replicas: () => replicas(group),
      request: (id, replyTo) => ({ kind: 'lead', id, replyTo }),
      refused: () => undefined,
      settled: () => this.#settled(group),
    });
  }

  #settled(group: GroupId): void {
    const waiting = this.#waiting.get(group) ?? [];
    this.#waiting.delete(group);
    for (const then of waiting) then();
  }
}
