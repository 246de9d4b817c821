/**
 * The simulator's queue of events, a 4-ary heap ordered by (time, rank).
 *
 * - The keys lie in flat arrays beside the events: the four children that one step compares share a cache line, and no
 *   event is touched before its turn.
 * - Cancelled events stay until they surface, or until they are the majority; then the heap is rebuilt without them.
 *   Timers are mostly cancelled (each heartbeat postpones an election), so without that the heap would be full of them.
 */
export interface HeapEvent {
  cancelled: boolean;
}

const FIRST_CAPACITY = 1024;
const REBUILD_FROM = 1024;

export class EventHeap<E extends HeapEvent> {
  #events: E[] = [];
  #times = new Float64Array(FIRST_CAPACITY);
  #ranks = new Float64Array(FIRST_CAPACITY);
  #cancelled = 0;

  /** Events that wait, without the cancelled ones. */
  get size(): number {
    return this.#events.length - this.#cancelled;
  }

  /** Ranks decide among equal times, the smaller first; they should differ. */
  push(event: E, time: number, rank: number): void {
    const at = this.#events.length;
    if (at === this.#times.length) this.#grow();
    this.#events.push(event);
    this.#rise(event, time, rank, at);
  }

  /** The time of the next event that is not cancelled; undefined if there is none. */
  nextTime(): number | undefined {
    for (;;) {
      const event = this.#events[0];
      if (event === undefined) return undefined;
      if (!event.cancelled) return this.#times[0];
      this.#cancelled -= 1;
      this.#removeFirst();
    }
  }

  pop(): E | undefined {
    if (this.nextTime() === undefined) return undefined;
    const event = this.#events[0];
    this.#removeFirst();
    return event;
  }

  /** The event must be in the heap and not cancelled yet. */
  cancel(event: E): void {
    event.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled > REBUILD_FROM && this.#cancelled * 2 > this.#events.length) this.#rebuild();
  }

  #removeFirst(): void {
    const last = this.#events.pop();
    const length = this.#events.length;
    if (last !== undefined && length > 0) {
      this.#sink(last, this.#times[length] as number, this.#ranks[length] as number, 0);
    }
  }

  /** Puts an event at or above the free place `from`. */
  #rise(event: E, time: number, rank: number, from: number): void {
    const events = this.#events;
    const times = this.#times;
    const ranks = this.#ranks;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      const above = times[parent] as number;
      if (above < time || (above === time && (ranks[parent] as number) <= rank)) break;
      events[at] = events[parent] as E;
      times[at] = above;
      ranks[at] = ranks[parent] as number;
      at = parent;
    }
    events[at] = event;
    times[at] = time;
    ranks[at] = rank;
  }

  /** Puts an event at or below the free place `from`. */
  #sink(event: E, time: number, rank: number, from: number): void {
    const events = this.#events;
    const times = this.#times;
    const ranks = this.#ranks;
    const length = events.length;
    let at = from;
    for (;;) {
      const first = at * 4 + 1;
      if (first >= length) break;
      let least = first;
      let leastTime = times[first] as number;
      const end = first + 4 < length ? first + 4 : length;
      for (let child = first + 1; child < end; child += 1) {
        const other = times[child] as number;
        const less =
          other < leastTime || (other === leastTime && (ranks[child] as number) < (ranks[least] as number));
        if (!less) continue;
        least = child;
        leastTime = other;
      }
      if (time < leastTime || (time === leastTime && rank <= (ranks[least] as number))) break;
      events[at] = events[least] as E;
      times[at] = leastTime;
      ranks[at] = ranks[least] as number;
      at = least;
    }
    events[at] = event;
    times[at] = time;
    ranks[at] = rank;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const ranks = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    ranks.set(this.#ranks);
    this.#times = times;
    this.#ranks = ranks;
  }

  #rebuild(): void {
    let kept = 0;
    for (let i = 0; i < this.#events.length; i += 1) {
      const event = this.#events[i] as E;
      if (event.cancelled) continue;
      this.#events[kept] = event;
      this.#times[kept] = this.#times[i] as number;
      this.#ranks[kept] = this.#ranks[i] as number;
      kept += 1;
    }
    this.#events.length = kept;
    this.#cancelled = 0;
    for (let at = (kept - 2) >> 2; at >= 0; at -= 1) {
      this.#sink(this.#events[at] as E, this.#times[at] as number, this.#ranks[at] as number, at);
    }
  }
}
