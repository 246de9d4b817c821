/**
 * The Trace port on a pino logger. A trace must never become the fault it reports, so everything is bounded:
 *
 * - Text is cut to 256 characters; numbers, booleans and text are all that a field may hold.
 * - Of one event name at most 20 lines per second are written, debugging apart. What was held back is counted, and the
 *   count is written when the second is over, so no line disappears without a trace of its own.
 */
import type { Logger } from 'pino';
import { formatAddress } from '../../kernel/index.ts';
import type { Address, Clock, Trace, TraceFields } from '../../kernel/index.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';

export interface PinoTraceOptions {
  readonly logger: Pick<Logger, Level>;
  readonly clock: Clock;
  readonly linesPerWindow?: number;
  readonly windowMs?: number;
}

const MAX_TEXT = 256;
/** Event names are constants of the code; should one ever be made from data, the rest share one allowance. */
const MAX_EVENT_NAMES = 1024;

interface Allowance {
  windowEndMs: number;
  written: number;
  suppressed: number;
}

export class PinoTrace implements Trace {
  readonly #logger: Pick<Logger, Level>;
  readonly #clock: Clock;
  readonly #linesPerWindow: number;
  readonly #windowMs: number;
  readonly #allowances = new Map<string, Allowance>();

  constructor(options: PinoTraceOptions) {
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#linesPerWindow = options.linesPerWindow ?? 20;
    this.#windowMs = options.windowMs ?? 1000;
  }

  note(actor: Address, level: Level, event: string, fields?: TraceFields): void {
    if (level !== 'debug' && !this.#allows(event)) return;
    const line = { actor: cut(formatAddress(actor)), fields: cutFields(fields) };
    this.#logger[level](line, cut(event));
  }

  #allows(event: string): boolean {
    const name = this.#allowances.has(event) || this.#allowances.size < MAX_EVENT_NAMES ? event : '(other)';
    let allowance = this.#allowances.get(name);
    if (allowance === undefined) {
      allowance = { windowEndMs: 0, written: 0, suppressed: 0 };
      this.#allowances.set(name, allowance);
    }
    const nowMs = this.#clock.now();
    if (nowMs >= allowance.windowEndMs && allowance.suppressed === 0) {
      allowance.windowEndMs = nowMs + this.#windowMs;
      allowance.written = 0;
    }
    if (allowance.written < this.#linesPerWindow) {
      allowance.written += 1;
      return true;
    }
    allowance.suppressed += 1;
    if (allowance.suppressed === 1) this.#reportLater(name, allowance, allowance.windowEndMs - nowMs);
    return false;
  }

  #reportLater(event: string, allowance: Allowance, delayMs: number): void {
    this.#clock.setTimer(Math.max(0, delayMs), () => {
      const { suppressed } = allowance;
      allowance.suppressed = 0;
      this.#logger.warn({ event: cut(event), suppressed }, 'trace.suppressed');
    });
  }
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

function cutFields(fields: TraceFields | undefined): TraceFields | undefined {
  if (fields === undefined) return undefined;
  const result: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    result[cut(name)] = typeof value === 'string' ? cut(value) : value;
  }
  return result;
}
