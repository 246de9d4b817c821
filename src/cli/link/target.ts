/** Which cluster a command talks to, and as whom: by flag, by environment, or by the `callboard dev` of this directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { devPaths } from '../dev/data-directory.ts';
import { readLockOwner } from '../dev/lock.ts';
import { CliError } from '../errors.ts';

export interface TargetFlags {
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_URL = 'http://127.0.0.1:8080';
const DEFAULT_DATA = '.callboard';

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** The addresses of any nodes, as the client library takes them. */
export function clusterUrls(flags: TargetFlags, env: Environment): readonly string[] {
  const written = given(flags.url) ?? given(env['CALLBOARD_URL']);
  if (written === undefined) {
    const running = readLockOwner(devPaths(flags.data ?? DEFAULT_DATA).lock)?.urls ?? [];
    return running.length > 0 ? running : [DEFAULT_URL];
  }
  const source = given(flags.url) === undefined ? 'the environment variable CALLBOARD_URL' : 'the flag --url';
  return written.split(',').map((text) => {
    const url = text.trim();
    if (URL.canParse(withScheme(url)) && /^(https?|wss?):$/.test(new URL(withScheme(url)).protocol)) {
      return withScheme(url);
    }
    throw new CliError(
      'usage',
      `'${url}' (came from ${source}) is no address: write http://host:port, several with commas.`,
    );
  });
}

function withScheme(url: string): string {
  return url.includes('://') ? url : `http://${url}`;
}

/** Undefined: none was given and none was found. */
export function adminToken(flags: TargetFlags, env: Environment): string | undefined {
  return (
    given(flags.token) ??
    given(env['CALLBOARD_ADMIN_TOKEN']) ??
    tokenInFile(given(env['CALLBOARD_ADMIN_TOKEN_FILE'])) ??
    tokenOfDev(flags.data ?? DEFAULT_DATA)
  );
}

function tokenInFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return given(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(
      'config_secret_unreadable',
      `The admin token's file ${path} (from CALLBOARD_ADMIN_TOKEN_FILE) cannot be read: ${reason}.`,
    );
  }
}

/** Absent where no `callboard dev` has kept one here; any other trouble with the file shows as a missing token. */
function tokenOfDev(data: string): string | undefined {
  try {
    return given(readFileSync(join(devPaths(data).adminToken), 'utf8'));
  } catch {
    return undefined;
  }
}

export function requireToken(flags: TargetFlags, env: Environment): string {
  const token = adminToken(flags, env);
  if (token !== undefined) return token;
  throw new CliError(
    'admin_token_missing',
    'This command is for operators and needs the admin token: set CALLBOARD_ADMIN_TOKEN, pass --token, or call it where ' +
      '`callboard dev` keeps its data (--data DIRECTORY, else ./.callboard).',
  );
}
