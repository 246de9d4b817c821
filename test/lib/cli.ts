/** Runs the `callboard` command of this build, as a user's shell would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAIN } from './cluster.ts';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** Without the variables of whoever runs the tests. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(CALLBOARD_|NO_COLOR)/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}

export async function runCommand(
  command: readonly [string, ...string[]],
  { env, input = '', cwd }: RunOptions = {},
): Promise<Ran> {
  const [executable, ...args] = command;
  const child = spawn(executable, args, { env: cleanEnv(env), ...(cwd === undefined ? {} : { cwd }) });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

export function callboard(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return runCommand([process.execPath, MAIN, ...args], options);
}
