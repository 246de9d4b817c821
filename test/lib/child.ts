/** A process of a test: its output, its end, and its certain death with the test. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const living = new Set<Child>();
// Not in a group of their own: whoever kills the group of the test kills these too, stopped ones included.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(code));
}

const OUTPUT_LIMIT = 1 << 20;

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** Our own variables would be refused as unknown by what we start, or change what it does. */
function cleanEnv(more: ChildOptions['env'] = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('CALLBOARD_'));
  return { ...Object.fromEntries(inherited), ...more };
}

export class Child {
  readonly ended: Promise<End>;
  readonly #process: ChildProcess;
  #output = '';
  #end: End | undefined;

  /** Its standard input is a pipe that stays open as long as we live. */
  constructor(command: readonly [string, ...string[]], options: ChildOptions = {}) {
    const [executable, ...args] = command;
    this.#process = spawn(executable, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: cleanEnv(options.env),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    living.add(this);
    const take = (chunk: string): void => {
      this.#output = (this.#output + chunk).slice(-OUTPUT_LIMIT);
    };
    this.#process.stdout?.setEncoding('utf8').on('data', take);
    this.#process.stderr?.setEncoding('utf8').on('data', take);
    this.#process.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve, reject) => {
      this.#process.on('error', reject);
      // `close` and not `exit`: by then all of its output is here.
      this.#process.on('close', (code, signal) => {
        this.#end = { code, signal };
        living.delete(this);
        resolve(this.#end);
      });
    });
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the process could not be started');
    return pid;
  }

  get output(): string {
    return this.#output;
  }

  get end(): End | undefined {
    return this.#end;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#end === undefined) this.#process.kill(signal);
  }

  endInput(): void {
    this.#process.stdin?.end();
  }

  /** Ends it without regard, and waits until it is gone. */
  async destroy(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
