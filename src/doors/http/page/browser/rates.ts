/** Records per second of each topic, from the counts of one look to the next. */
import type { TopicState } from './status.ts';

const looksKept = 30;

interface Look {
  readonly atMs: number;
  readonly records: number;
}

export function recordsIn(topic: TopicState): number {
  return topic.partitions.reduce((sum, { end }) => sum + (end ?? 0), 0);
}

export class Rates {
  readonly #last = new Map<string, Look>();
  readonly #series = new Map<string, number[]>();

  /** One look at all topics; those that are gone are forgotten. */
  look(topics: readonly TopicState[], atMs: number): void {
    for (const name of this.#last.keys()) {
      if (topics.some((topic) => topic.name === name)) continue;
      this.#last.delete(name);
      this.#series.delete(name);
    }
    for (const topic of topics) this.#one(topic, atMs);
  }

  /** The newest last; empty before the second look. */
  series(topic: string): readonly number[] {
    return this.#series.get(topic) ?? [];
  }

  #one(topic: TopicState, atMs: number): void {
    const records = recordsIn(topic);
    const last = this.#last.get(topic.name);
    this.#last.set(topic.name, { atMs, records });
    if (last === undefined || atMs <= last.atMs) return;
    // Another node behind the same address may be a moment behind.
    const perSecond = Math.max(0, ((records - last.records) * 1_000) / (atMs - last.atMs));
    const series = [...this.series(topic.name), perSecond];
    this.#series.set(topic.name, series.slice(-looksKept));
  }
}
