// How long the test files may take with `npm test`, by the clock: whoever waits for tests stops running them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestFile } from './test-files.ts';

export const TIME_BUDGET = {
  /** All files together. */
  totalS: 800,
  fileS: 30,
  /** A file that starts processes waits most of its time, and several of them run at once. */
  processFileS: 12,
  /** All that the list of exceptions allows, together. */
  allowancesS: 300,
} as const;

/** Where files are named that may take longer, relative to the root. */
export const ALLOWANCES = 'test/time-allowances.json';

/** A file that takes less than this part of the usual limit is listed for nothing, whatever the machine. */
const NEEDLESS = 0.5;
/** How many files are run again when all together took too long. */
const REPEATED_FOR_TOTAL = 10;

export interface Allowance {
  readonly file: string;
  readonly seconds: number;
  readonly reason: string;
}

/** What a file took; of a file that was run again, the shorter time. */
export interface FileTime {
  readonly file: TestFile;
  readonly durationMs: number;
}

function isAllowance(value: unknown): value is Allowance {
  if (typeof value !== 'object' || value === null) return false;
  const { file, seconds, reason } = value as Partial<Record<keyof Allowance, unknown>>;
  const named = typeof file === 'string' && typeof reason === 'string' && reason.trim() !== '';
  return named && typeof seconds === 'number' && seconds > 0;
}

export function readAllowances(root: string): readonly Allowance[] {
  const path = join(root, ALLOWANCES);
  if (!existsSync(path)) return [];
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (Array.isArray(list) && list.every(isAllowance)) return list;
  throw new Error(`${ALLOWANCES} must be a list of {"file", "seconds", "reason"}`);
}

function usualS(file: TestFile): number {
  return file.startsProcesses ? TIME_BUDGET.processFileS : TIME_BUDGET.fileS;
}

function totalS(times: readonly FileTime[]): number {
  return times.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1_000;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

export class TimeBudget {
  readonly #allowances: readonly Allowance[];
  readonly #slowness: number;

  /** `slowness`: of the machine, see `yardstick.ts`. A slow one has more time; a fast one has no less. */
  constructor(allowances: readonly Allowance[], slowness: number = 1) {
    this.#allowances = allowances;
    this.#slowness = slowness;
  }

  limitS(file: TestFile): number {
    const named = this.#allowances.find((one) => one.file === file.name)?.seconds;
    return this.#scaled(named ?? usualS(file));
  }

  get totalS(): number {
    return this.#scaled(TIME_BUDGET.totalS);
  }

  #scaled(seconds: number): number {
    return Math.round(seconds * Math.max(1, this.#slowness));
  }

  /** What a single file took too much; undefined if it did not. */
  faultOf({ file, durationMs }: FileTime): string | undefined {
    const limit = this.limitS(file);
    if (durationMs <= limit * 1_000) return undefined;
    const kind =
      limit === this.#scaled(usualS(file))
        ? file.startsProcesses
          ? ' that starts processes'
          : ''
        : ' listed so';
    return `${file.name} took ${inSeconds(durationMs)}, of at most ${limit} s for a file${kind}`;
  }

  /** The next file to run again, alone, before a time is held against it: nothing else shares the machine then. */
  nextToRepeat(times: readonly FileTime[], repeated: ReadonlySet<TestFile>): TestFile | undefined {
    const fresh = times.filter(({ file }) => !repeated.has(file));
    const over = fresh.find((time) => this.faultOf(time) !== undefined);
    if (over !== undefined) return over.file;
    if (totalS(times) <= this.totalS || repeated.size >= REPEATED_FOR_TOTAL) return undefined;
    return fresh.toSorted((a, b) => b.durationMs - a.durationMs)[0]?.file;
  }

  /** All that is wrong after a run of all files. */
  faults(times: readonly FileTime[]): readonly string[] {
    const faults = times.map((time) => this.faultOf(time)).filter((fault) => fault !== undefined);
    const total = totalS(times);
    if (total > this.totalS) {
      faults.push(`all files together took ${total.toFixed(1)} s of file time, of at most ${this.totalS} s`);
    }
    return [...faults, ...this.#faultsOfList(times)];
  }

  #faultsOfList(times: readonly FileTime[]): readonly string[] {
    const faults = this.#allowances.flatMap(({ file: name, seconds }, at) => {
      if (this.#allowances.findIndex(({ file }) => file === name) !== at) return [`${name} is listed twice`];
      const time = times.find(({ file }) => file.name === name);
      if (time === undefined) return [`${name} is listed and does not exist`];
      const usual = usualS(time.file);
      if (seconds <= usual) return [`${name} is listed with ${seconds} s, and may take ${usual} s anyway`];
      if (time.durationMs > usual * NEEDLESS * Math.min(1, this.#slowness) * 1_000) return [];
      return [
        `${name} took ${inSeconds(time.durationMs)} and needs no place in the list: ${usual} s are usual`,
      ];
    });
    const allowed = this.#allowances.reduce((sum, { seconds }) => sum + seconds, 0);
    if (allowed > TIME_BUDGET.allowancesS) {
      faults.push(`the list allows ${allowed} s in all, of at most ${TIME_BUDGET.allowancesS} s`);
    }
    return faults.map((fault) => `${ALLOWANCES}: ${fault}`);
  }
}
