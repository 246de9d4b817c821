/** Where partitions live, topic by topic, as the home node tells it. Asked for when somebody needs it, never on a schedule. */
import {
  clientLimits,
  errorTable,
  failure,
  type ErrorCode,
  type Failure,
  type GroupId,
  type PartitionPlace,
  utf8Length,
  type TopicPlaces,
} from '../protocol/index.ts';
import type { Links } from './links.ts';
import { backOff, type Platform } from './platform.ts';

export type TopicView =
  | { readonly kind: 'known'; readonly partitions: readonly PartitionPlace[] }
  /** The cluster says so; asked again by whoever asks again. */
  | { readonly kind: 'missing'; readonly problem: Failure };

function whyMissing(topic: string, code: ErrorCode): string {
  return code === 'topic_not_found'
    ? `there is no topic '${topic}': create it first, or look for a typing mistake in its name`
    : `topic '${topic}' cannot be used: ${errorTable[code].meaning}`;
}

function missing(topic: string, code: ErrorCode): TopicView {
  return { kind: 'missing', problem: failure(code, { message: whyMissing(topic, code) }) };
}

/** Whether a frame can name it at all; one such question would be refused with all others in its frame. */
function travels(topic: string): boolean {
  const bytes = utf8Length(topic);
  return bytes >= 0 && bytes <= longestName && topic.charCodeAt(0) !== 0xfeff;
}

/** Of a topic in a frame, in bytes; no topic has a longer one. */
const longestName = 1_024;

export class Topology {
  readonly #platform: Platform;
  readonly #links: Links;
  readonly #changed: () => void;
  readonly #views = new Map<string, TopicView>();
  readonly #wanted = new Set<string>();
  #asking = false;
  #failures = 0;
  #closed = false;

  constructor(platform: Platform, links: Links, changed: () => void) {
    this.#platform = platform;
    this.#links = links;
    this.#changed = changed;
  }

  /** What is known of the topic; undefined, and asked for, if nothing is. */
  view(topic: string): TopicView | undefined {
    if (!travels(topic)) return missing(topic, 'topic_not_found');
    const view = this.#views.get(topic);
    if (view === undefined) this.refresh(topic);
    return view;
  }

  /** Whoever asks next must not be answered with what was known before now. */
  drop(topic: string): void {
    this.#views.delete(topic);
  }

  leaderUrl(topic: string, partition: number): string | undefined {
    const view = this.#views.get(topic);
    return view?.kind === 'known' ? view.partitions[partition]?.url : undefined;
  }

  groupOf(topic: string, partition: number): GroupId | undefined {
    const view = this.#views.get(topic);
    return view?.kind === 'known' ? view.partitions[partition]?.group : undefined;
  }

  /** What is known may be out of date: asks again; what is known stays until the answer. */
  refresh(topic: string): void {
    if (travels(topic)) this.#wanted.add(topic);
    this.pump();
  }

  /** Asks for what is wanted, if home can be asked now. */
  pump(): void {
    const home = this.#links.home;
    if (this.#asking || this.#wanted.size === 0 || home === undefined) return;
    const topics = [...this.#wanted].slice(0, clientLimits.topicsAtOnce);
    for (const topic of topics) this.#wanted.delete(topic);
    this.#asking = true;
    const frame = { kind: 'metadata', topics } as const;
    home.call(frame, {
      answer: 'metadata-reply',
      answered: (reply) => {
        this.#failures = 0;
        this.#links.heard(home);
        this.learn(reply.topics);
        for (const topic of topics.slice(reply.next ?? topics.length)) this.#wanted.add(topic);
        this.#asked();
      },
      failed: (problem) => {
        this.#links.heard(home, problem);
        this.#failed(topics, problem);
      },
    });
  }

  learn(topics: readonly TopicPlaces[]): void {
    for (const { name, error, partitions } of topics) {
      this.#links.learn(partitions.flatMap(({ url }) => url ?? []));
      const view: TopicView = error === undefined ? { kind: 'known', partitions } : missing(name, error);
      this.#views.delete(name);
      this.#views.set(name, view);
      const oldest = this.#views.keys().next().value;
      if (this.#views.size > clientLimits.topicsKnown && oldest !== undefined) this.#views.delete(oldest);
    }
  }

  close(): void {
    this.#closed = true;
  }

  #failed(topics: readonly string[], problem: Failure): void {
    this.#failures += 1;
    for (const topic of topics) this.#wanted.add(topic);
    const { retryMs, retryMaxMs } = clientLimits;
    const ms = Math.max(
      problem.retryAfterMs ?? 0,
      backOff(this.#platform, this.#failures, retryMs, retryMaxMs),
    );
    this.#platform.setTimer(ms, () => {
      if (!this.#closed) this.#asked();
    });
  }

  #asked(): void {
    this.#asking = false;
    this.#changed();
  }
}
