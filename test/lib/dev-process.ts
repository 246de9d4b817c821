/** `callboard dev` as a process, with what a test wants to know of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { ChildOptions, End } from './child.ts';
import { MAIN, STAND_IN } from './cluster.ts';
import { eventually } from './eventually.ts';

const READY_MS = 60_000;
const NODES_MAX = 9;

export interface DevSetup extends ChildOptions {
  readonly data: string;
  readonly port: number;
  readonly args?: readonly string[];
  /** Nodes that only listen, instead of real ones. */
  readonly standIn?: boolean;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Nobody may have collected its exit code yet.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

export class DevProcess {
  readonly child: Child;
  readonly data: string;
  readonly port: number;

  constructor({ data, port, args = [], standIn = false, ...options }: DevSetup) {
    this.data = data;
    this.port = port;
    const main = standIn ? STAND_IN : MAIN;
    this.child = new Child(
      [process.execPath, main, 'dev', '--data', data, '--port', String(port), ...args],
      options,
    );
  }

  static async started(setup: DevSetup): Promise<DevProcess> {
    const dev = new DevProcess(setup);
    await dev.ready();
    return dev;
  }

  url(node: number): string {
    return `http://127.0.0.1:${this.port + node - 1}`;
  }

  get output(): string {
    return this.child.output;
  }

  /** The pid in the node's file; undefined if there is none. */
  pid(node: number): number | undefined {
    try {
      const text = readFileSync(join(this.data, `broker-${node}`, 'callboard.pid'), 'utf8');
      return /^\d+\n$/.test(text) ? Number(text) : undefined;
    } catch {
      return undefined;
    }
  }

  pids(count: number): readonly number[] {
    return Array.from({ length: count }, (_, i) => this.pid(i + 1) ?? 0);
  }

  /** Waits for a text in what it prints. */
  async says(text: string, deadlineMs: number = READY_MS): Promise<void> {
    await eventually(
      `dev says '${text}'`,
      () => {
        if (this.output.includes(text)) return true;
        if (this.child.end !== undefined) return 'ended' as const;
        return undefined;
      },
      deadlineMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said:\n${this.output}`);
    });
    if (!this.output.includes(text)) throw new Error(`dev ended and never said '${text}':\n${this.output}`);
  }

  async ready(): Promise<void> {
    await this.says('Callboard is ready');
  }

  /** Kills everything, and waits until it is gone: the next test wants the ports. */
  async destroy(): Promise<void> {
    await this.child.destroy();
    // Read only now: while it ran it might have started one more.
    const pids = this.pids(NODES_MAX).filter((pid) => pid > 0 && pid !== process.pid && isAlive(pid));
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in the meantime, as it should.
      }
    }
    await untilGone(pids);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<End> {
    this.child.kill(signal);
    return await this.child.ended;
  }
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await eventually(`the processes ${pids.join(', ')} have ended`, () => pids.every((pid) => !isAlive(pid)));
}
