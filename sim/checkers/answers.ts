/**
 * Every call is answered once, within its deadline, for as long as its node lives and runs (SEMANTICS S2). A node that is
 * paused or stalled gets that time on top, and one that ends owes nothing any more.
 */
export interface OpenCall {
  readonly id: number;
  readonly node: string;
  /** Which process of the node. */
  readonly life: number;
  readonly what: string;
  readonly startMicros: number;
  readonly deadlineMicros: number;
}

export class AnswerChecker {
  readonly #report: (text: string) => void;
  readonly #slackMicros: number;
  readonly #open = new Map<number, OpenCall & { graceMicros: number }>();
  readonly #closed = new Set<number>();

  constructor(slackMicros: number, report: (text: string) => void) {
    this.#slackMicros = slackMicros;
    this.#report = report;
  }

  get open(): number {
    return this.#open.size;
  }

  started(call: OpenCall): void {
    this.#open.set(call.id, { ...call, graceMicros: 0 });
  }

  answered(id: number, nowMicros: number): void {
    const call = this.#open.get(id);
    if (call === undefined) {
      if (this.#closed.has(id)) this.#report(`call ${id} was answered twice`);
      return;
    }
    this.#open.delete(id);
    this.#closed.add(id);
    this.#judge(call, nowMicros);
  }

  /** The node did not run for this long. */
  blocked(node: string, micros: number): void {
    for (const call of this.#open.values()) if (call.node === node) call.graceMicros += micros;
  }

  /** The process ended. */
  ended(node: string, life: number): void {
    for (const [id, call] of this.#open) {
      if (call.node !== node || call.life !== life) continue;
      this.#open.delete(id);
      this.#closed.add(id);
    }
  }

  /** Looks for calls that were forgotten. */
  sweep(nowMicros: number): void {
    for (const [id, call] of this.#open) {
      if (this.#judge(call, nowMicros)) this.#open.delete(id);
    }
  }

  #judge(call: OpenCall & { readonly graceMicros: number }, nowMicros: number): boolean {
    const due = call.deadlineMicros + call.graceMicros + this.#slackMicros;
    if (nowMicros <= due) return false;
    const ms = Math.round((nowMicros - call.startMicros) / 1_000);
    this.#report(`${call.what} at ${call.node} (call ${call.id}) has no answer after ${ms} ms`);
    return true;
  }
}
