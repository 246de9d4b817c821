/** One node as a child process: its start, its log, its end. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../../node/config.ts';
import { readableLine } from '../log.ts';
import { removePid, writePid } from '../pid-file.ts';

export interface NodeSpec {
  readonly name: string;
  readonly listen: Endpoint;
  /** Its part of the data directory. */
  readonly directory: string;
  /** Executable and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface NodeEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set if it could not even be started. */
  readonly error?: string;
  readonly ranMs: number;
}

const TAIL_BYTES = 16 << 10;

export class NodeProcess {
  readonly spec: NodeSpec;
  readonly #onEnd: (end: NodeEnd) => void;
  #child: ChildProcess | undefined;
  #startedAtMs = 0;

  constructor(spec: NodeSpec, onEnd: (end: NodeEnd) => void) {
    this.spec = spec;
    this.#onEnd = onEnd;
  }

  get logFile(): string {
    return join(this.spec.directory, 'callboard.log');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    this.#startedAtMs = performance.now();
    try {
      const log = this.#openLog();
      try {
        this.#child = this.#spawn(log);
      } finally {
        closeSync(log);
      }
      // At once, and not only by the node itself: should we be killed now, the next `dev` must know of it.
      if (this.#child.pid !== undefined) writePid(this.spec.directory, this.#child.pid);
    } catch (error) {
      this.#ended({
        code: null,
        signal: null,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** False if there is no process to signal. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** The last lines of the log, readable. */
  lastLines(count: number): string[] {
    try {
      const fd = openSync(this.logFile, 'r');
      try {
        const { size } = fstatSync(fd);
        const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
        readSync(fd, buffer, 0, buffer.length, size - buffer.length);
        const lines = buffer.toString('utf8').split('\n');
        return lines
          .filter((line) => line !== '')
          .slice(-count)
          .map(readableLine);
      } finally {
        closeSync(fd);
      }
    } catch {
      return [];
    }
  }

  #openLog(): number {
    mkdirSync(this.spec.directory, { recursive: true, mode: 0o700 });
    return openSync(this.logFile, 'a', 0o600);
  }

  #spawn(log: number): ChildProcess {
    const [executable, ...command] = this.spec.command;
    const args = [...command, '--log-file', this.logFile];
    const child = spawn(executable, args, {
      env: { ...this.spec.env },
      // The node reads the end of its standard input when we are gone, however we went. What it says beside its log (a native
      // library that aborts) goes into the same file, and not into a pipe, which without a reader would break its clean end.
      stdio: ['pipe', log, log],
      // Ctrl-C in a terminal is for us alone; the nodes are ended by us, and not counted as crashed.
      detached: process.platform !== 'win32',
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => {
      // Without a pid it never ran, and there will be no exit.
      if (child.pid === undefined) this.#ended({ code: null, signal: null, error: error.message });
    });
    child.on('exit', (code, signal) => {
      if (child.pid !== undefined) removePid(this.spec.directory, child.pid);
      this.#ended({ code, signal });
    });
    return child;
  }

  #ended(end: Omit<NodeEnd, 'ranMs'>): void {
    this.#child = undefined;
    this.#onEnd({ ...end, ranMs: performance.now() - this.#startedAtMs });
  }
}

export function describeEnd({ code, signal, error }: NodeEnd): string {
  if (error !== undefined) return `could not be started (${error})`;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}
