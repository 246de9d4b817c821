// Runs one command in a process group of its own, so that whatever it started can be ended with it.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface GroupResult {
  readonly output: string;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** The command ended, but something that it started was still there. */
  readonly leftBehind: boolean;
  readonly durationMs: number;
}

export interface GroupOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
}

/** Of a file that will not stop printing, the end is kept: the failures and the summary stand there. */
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;
/** A grandchild that left the group can hold our pipe open; its output is not worth waiting for. */
const PIPE_GRACE_MS = 1_000;

const running = new Set<number>();

function killGroup(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** For the runner's own end: detached groups do not die with it. */
export function killAllGroups(): void {
  for (const pid of running) killGroup(pid);
}

function collectOutput(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let dropped = 0;
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes > OUTPUT_LIMIT_BYTES && chunks.length > 1) {
      const length = chunks.shift()?.length ?? 0;
      bytes -= length;
      dropped += length;
    }
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => {
    const text = Buffer.concat(chunks).toString('utf8');
    return dropped === 0 ? text : `[the first ${dropped} bytes of output are left out]\n${text}`;
  };
}

export async function runInGroup(
  command: string,
  args: readonly string[],
  options: GroupOptions,
): Promise<GroupResult> {
  const startedAt = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  const output = collectOutput(child);
  if (pid !== undefined) running.add(pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (pid !== undefined) killGroup(pid);
  }, options.timeoutMs);
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('exit', (code, by) => resolve([code, by]));
    child.on('error', reject);
  });
  clearTimeout(timer);
  const leftBehind = pid !== undefined && killGroup(pid) && !timedOut;
  if (pid !== undefined) running.delete(pid);
  await waitAtMost(closed, PIPE_GRACE_MS);
  child.stdout.destroy();
  child.stderr.destroy();
  const durationMs = performance.now() - startedAt;
  return { output: output(), exitCode, signal, timedOut, leftBehind, durationMs };
}

async function waitAtMost(event: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([event, late]);
  clearTimeout(timer);
}
