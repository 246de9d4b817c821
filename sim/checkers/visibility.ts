/**
 * What any node must know once any node has answered (SEMANTICS S12 to S14): topics, registrations, lists, sizes.
 */
export interface SizeFacts {
  ackedEnd(group: number, beforeMicros: number): number;
  committedEnd(group: number): number;
  /** The highest read position of the consumer that was committed so far. */
  position(group: number, consumer: string): number;
}

export interface SizeCall {
  readonly consumer: string;
  readonly groups: readonly number[];
  readonly startMicros: number;
  /** The lowest offset that was not acknowledged, by group, when the call was sent. */
  readonly cursorsAtStart: readonly number[];
}

/** Errors that deny the existence of something. */
const denials: ReadonlyMap<string, string> = new Map([
  ['topic_not_found', 'topic'],
  ['producer_not_registered', 'producer'],
  ['consumer_not_registered', 'consumer'],
  ['invalid_partition', 'topic'],
]);

export class VisibilityChecker {
  readonly #facts: SizeFacts;
  readonly #report: (text: string) => void;
  /** What was answered, and when: `topic NAME`, `producer ID`, `consumer ID`. */
  readonly #known = new Map<string, number>();

  constructor(facts: SizeFacts, report: (text: string) => void) {
    this.#facts = facts;
    this.#report = report;
  }

  /** A creation or registration was answered. */
  created(what: 'topic' | 'producer' | 'consumer', name: string, nowMicros: number): void {
    const key = `${what} ${name}`;
    if (!this.#known.has(key)) this.#known.set(key, nowMicros);
  }

  /** A call that uses these names failed with this code on some node. */
  failed(code: string, names: Readonly<Record<string, string>>, startMicros: number, node: string): void {
    const what = denials.get(code);
    const name = what === undefined ? undefined : names[what];
    if (what === undefined || name === undefined) return;
    const since = this.#known.get(`${what} ${name}`);
    if (since === undefined || since >= startMicros) return;
    this.#report(`${node} answered ${code} for ${what} ${name}, which was there before the call was sent`);
  }

  listed(topics: readonly string[], startMicros: number, node: string): void {
    const listed = new Set(topics);
    for (const [key, since] of this.#known) {
      if (since >= startMicros || !key.startsWith('topic ')) continue;
      const name = key.slice('topic '.length);
      if (!listed.has(name)) {
        this.#report(`${node} left topic ${name} out of its list, which was there before the call was sent`);
      }
    }
  }

  /** Sizes in the order of the call's groups. */
  sized(call: SizeCall, sizes: readonly number[], node: string): void {
    if (sizes.length !== call.groups.length) {
      this.#report(`${node} answered ${sizes.length} sizes for ${call.groups.length} partitions`);
      return;
    }
    for (const [at, group] of call.groups.entries()) {
      const size = sizes[at] ?? 0;
      const least =
        this.#facts.ackedEnd(group, call.startMicros) - this.#facts.position(group, call.consumer);
      const most = this.#facts.committedEnd(group) - (call.cursorsAtStart[at] ?? 0);
      if (size < least || size > most) {
        this.#report(
          `${node} answered size ${size} of group ${group} to ${call.consumer}, it lies between ${Math.max(0, least)} and ${most}`,
        );
      }
    }
  }
}
