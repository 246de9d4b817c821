/**
 * What a run found and counted. Every component of the simulator reports here, and nowhere else: violations, faults that
 * took effect, points that were reached, and one line per event for the trace.
 */
import type { TraceHash } from '../ports/trace-hash.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultKind, Role } from './fault-kinds.ts';
import type { SometimesPoint } from './sometimes.ts';

export interface Violation {
  readonly checker: string;
  readonly text: string;
  readonly atMicros: number;
}

/** A detail of an event: small and plain, so that a line can be made of it later. */
export type Detail = string | number | boolean | undefined;

export interface ReportOptions {
  readonly nowMicros: () => number;
  readonly hash: TraceHash;
  /** Called with each line; without it no line is ever built. */
  readonly line?: (text: string) => void;
}

const textHashes = new Map<string, number>();

/** FNV-1a; remembered, since event names come again and again. */
function textHash(text: string): number {
  const known = textHashes.get(text);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  textHashes.set(text, hash);
  return hash;
}

export class Report {
  readonly violations: Violation[] = [];
  readonly faults: Map<FaultKind, number> = new Map(faultKinds.map((kind) => [kind, 0]));
  /** How often a fault has met a node in a role, by `KIND ROLE`. */
  readonly roles: Map<string, number> = new Map();
  readonly points: Map<SometimesPoint, number> = new Map();
  readonly #options: ReportOptions;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  get failed(): boolean {
    return this.violations.length > 0;
  }

  get tracing(): boolean {
    return this.#options.line !== undefined;
  }

  violation(checker: string, text: string): void {
    const atMicros = this.#options.nowMicros();
    this.violations.push({ checker, text, atMicros });
    this.#options.line?.(`${seconds(atMicros)} !!! ${checker}: ${text}`);
  }

  fault(kind: FaultKind, count = 1): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + count);
  }

  /** A fault hits a node that is this to its groups. */
  hit(kind: FaultKind, roles: readonly Role[]): void {
    for (const role of roles) {
      const key = `${kind} ${role}`;
      this.roles.set(key, (this.roles.get(key) ?? 0) + 1);
    }
  }

  sometimes(point: SometimesPoint): void {
    this.points.set(point, (this.points.get(point) ?? 0) + 1);
  }

  /** One thing that happened: mixed into the hash, and a line if anybody reads them. */
  event(node: string, kind: string, ...details: Detail[]): void {
    const { hash, line } = this.#options;
    hash.mix(textHash(kind));
    hash.mix(textHash(node));
    if (line !== undefined) {
      const shown = details.map((detail) => (detail === undefined ? '-' : String(detail))).join(' ');
      line(`${seconds(this.#options.nowMicros())} ${node.padEnd(8)} ${kind} ${shown}`);
    }
  }

  /** A line for readers of the trace only. */
  detail(node: string, text: () => string): void {
    const { line, nowMicros } = this.#options;
    line?.(`${seconds(nowMicros())} ${node.padEnd(8)}   ${text()}`);
  }

  /** Mixes a number into the hash without a line. */
  mix(value: number): void {
    this.#options.hash.mix(value);
  }
}

function seconds(micros: number): string {
  return (micros / 1_000_000).toFixed(6).padStart(12);
}
