/** What every command that talks to a cluster is given, and how it gets to the cluster. */
import type { Client } from '@callboard/client';
import { Console, outputFormat } from '../console.ts';
import { clusterUrls, requireToken, type Environment, type TargetFlags } from '../link/target.ts';
import { OperatorLink } from '../link/operator-link.ts';
import { WaitNotice } from './wait-notice.ts';

/** Somebody waits in front of a terminal. */
const DEADLINE_MS = 10_000;

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface CommandContext {
  readonly flags: Flags;
  readonly env: Environment;
  readonly out: Console;
}

export function newContext(flags: Flags, env: Environment): CommandContext {
  return { flags, env, out: new Console(outputFormat(flags['output']), env, process.stdout) };
}

function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

function targetFlags(flags: Flags): TargetFlags {
  const [url, token, data] = ['url', 'token', 'data'].map((name) => textFlag(flags, name));
  return {
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    ...(data === undefined ? {} : { data }),
  };
}

export function urlsOf({ flags, env }: CommandContext): readonly string[] {
  return clusterUrls(targetFlags(flags), env);
}

/** Loaded only by the commands that need it: the others start faster without. */
export async function connectClient(
  context: CommandContext,
  deadlineMs: number = DEADLINE_MS,
): Promise<Client> {
  const { connect } = await import('@callboard/client');
  const urls = urlsOf(context);
  const notice = new WaitNotice(context.out, urls, deadlineMs);
  try {
    return await connect(urls, {
      name: 'callboard-cli',
      deadlineMs,
      onStatus: (status) => notice.heard(status),
    });
  } finally {
    notice.end();
  }
}

export async function withClient<T>(
  context: CommandContext,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connectClient(context);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

export async function withOperator<T>(
  context: CommandContext,
  use: (link: OperatorLink) => Promise<T>,
): Promise<T> {
  const target = targetFlags(context.flags);
  const token = requireToken(target, context.env);
  const link = await OperatorLink.open(urlsOf(context), token);
  try {
    return await use(link);
  } finally {
    link.close();
  }
}
