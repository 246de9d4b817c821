/**
 * Log time: how long the partition has been led, in milliseconds, as its log tells it. It is what producers are forgotten by.
 *
 * It moves by entries of its own (`clock`), which a leader puts in front of records when enough time has passed since the last one. They
 * carry no wall clock and no record's date, both of which may be wrong by years: a leader counts from the log time that it found
 * when it began to lead, by the clock of its process that never jumps. Time without a leader, and a leader's last moments, are not
 * counted: a producer is remembered for longer then, never for less.
 */
interface IdleLimit {
  readonly producerIdleMs: number;
}

/** One entry moves log time by a quarter of what a producer may be idle, at most. */
export function mostStepMs({ producerIdleMs }: IdleLimit): number {
  return Math.max(1, Math.floor(producerIdleMs / 4));
}

/** Less than this is not worth an entry: a few minutes of a day. */
export function leastStepMs({ producerIdleMs }: IdleLimit): number {
  return Math.max(1, Math.floor(producerIdleMs / 256));
}

/** Steps in a row: beyond them everybody who was idle is forgotten, however long it was, and what is left of that time is not counted. */
const stepsAtOnce = 6;

/** Of one leadership. */
export class LogClock {
  readonly #limits: IdleLimit;
  #base: number;
  readonly #sinceMs: number;
  /** Log time once everything that was proposed is applied. */
  #proposed: number;

  /** `logTimeMs`: as applied when the leadership began, at `nowMs`. */
  constructor(limits: IdleLimit, logTimeMs: number, nowMs: number) {
    this.#limits = limits;
    this.#base = logTimeMs;
    this.#sinceMs = nowMs;
    this.#proposed = logTimeMs;
  }

  /** Log times to be proposed, one entry each; most often none. */
  due(nowMs: number): readonly number[] {
    const target = this.#base + Math.floor(nowMs - this.#sinceMs);
    const steps: number[] = [];
    for (let at = this.#proposed; target - at >= leastStepMs(this.#limits) && steps.length < stepsAtOnce;) {
      at = Math.min(target, at + mostStepMs(this.#limits));
      steps.push(at);
    }
    // Or the next batch would bring it, and make the partition forget whoever stored the one before just now.
    const last = steps.at(-1);
    if (steps.length === stepsAtOnce && last !== undefined) this.#base -= target - last;
    return steps;
  }

  proposed(logTimeMs: number): void {
    this.#proposed = logTimeMs;
  }
}

/** The first byte of a clock command; those of cursor commands are others. */
export const clockCode = 64;
const clockBytes = 9;

export function encodeClock(logTimeMs: number): Uint8Array {
  const bytes = new Uint8Array(clockBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, clockCode);
  view.setBigUint64(1, BigInt(logTimeMs), true);
  return bytes;
}

/** Undefined: the command is another one. Throws a RangeError on a clock that `encodeClock` does not write. */
export function decodeClock(body: Uint8Array): number | undefined {
  if (body[0] !== clockCode) return undefined;
  if (body.byteLength !== clockBytes) throw new RangeError(`a clock command has ${body.byteLength} bytes`);
  const logTimeMs = Number(new DataView(body.buffer, body.byteOffset, clockBytes).getBigUint64(1, true));
  if (!Number.isSafeInteger(logTimeMs)) throw new RangeError(`a clock command says ${logTimeMs}`);
  return logTimeMs;
}
