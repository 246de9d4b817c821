/**
 * Where settings come from: the config file, the environment, the flags; a later source wins. Here they are gathered
 * as they were written, each with the place to point at when it is wrong.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { ConfigProblem } from './config-error.ts';
import { suggest } from './config-near-miss.ts';

export const settingKeys = [
  'name',
  'listen',
  'peers',
  'data',
  'secret',
  'secretFile',
  'adminToken',
  'adminTokenFile',
  'storage',
  'manualBrokers',
  'logLevel',
  'logFile',
  'allowedOrigins',
  'allowHost',
  'trustedProxy',
  'unusedDays',
  'limits',
] as const;
export type SettingKey = (typeof settingKeys)[number];

/** A secret in a config file ends up in a repository, and one on the command line in everybody's process list. */
const NOT_IN_FILES: readonly SettingKey[] = ['secret', 'adminToken'];
const NOT_AS_FLAGS: readonly SettingKey[] = ['secret', 'adminToken', 'limits'];

export interface RawSetting {
  readonly value: unknown;
  /** As it reads after `came from`. */
  readonly source: string;
  /** Relative paths in the value begin here. */
  readonly directory: string;
  readonly rank: number;
}

export interface Sources {
  readonly settings: ReadonlyMap<SettingKey, RawSetting>;
  readonly problems: readonly ConfigProblem[];
}

export interface SourceInput {
  /** Values of the command line by key; `config` names the config file. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** `adminToken` is `CALLBOARD_ADMIN_TOKEN` in the environment. */
export function environmentName(key: string): string {
  return `CALLBOARD_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `adminToken` is `--admin-token` on the command line. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Kubernetes gives every container such variables for a service that happens to be called `callboard` or
 * `callboard-something`; they are no settings of ours and no mistake of anybody.
 */
function isFromKubernetes(name: string): boolean {
  return /^CALLBOARD_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/.test(
    name,
  );
}

/** Variables of the commands that talk to a cluster; they mean nothing to a node, and may stand in its environment. */
export const ofCommands: readonly string[] = ['CALLBOARD_URL'];

/** Names of the CALLBOARD_* variables that mean nothing here, each with the near miss. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('CALLBOARD_') && !known.includes(name) && !isFromKubernetes(name))
    .map((name) => ({
      code: 'config_unknown_key',
      message: `The environment variable ${name} is not known. ${suggest(name, known)} Correct or unset it.`,
    }));
}

type Add = (key: SettingKey, setting: RawSetting) => void;

function readFlags(input: SourceInput, add: Add): void {
  for (const key of settingKeys) {
    const value = input.flags[key];
    if (value === undefined || NOT_AS_FLAGS.includes(key)) continue;
    add(key, { value, source: `the flag ${flagName(key)}`, directory: input.cwd, rank: 3 });
  }
}

function readEnvironment(input: SourceInput, add: Add): ConfigProblem[] {
  for (const key of settingKeys) {
    const name = environmentName(key);
    const value = input.env[name];
    // Compose files and CI systems pass on unset variables as empty ones.
    if (value === undefined || value === '') continue;
    add(key, { value, source: `the environment variable ${name}`, directory: input.cwd, rank: 2 });
  }
  return unknownVariables(input.env, [
    ...settingKeys.map(environmentName),
    'CALLBOARD_CONFIG',
    ...ofCommands,
  ]);
}

function readFile(path: string, origin: string, add: Add): ConfigProblem[] {
  const parsed = parseFile(path);
  if (typeof parsed === 'string') {
    return [
      { code: 'config_file_unreadable', message: `The config file ${path} (from ${origin}) ${parsed}` },
    ];
  }
  const known = settingKeys.filter((key) => !NOT_IN_FILES.includes(key));
  const problems: ConfigProblem[] = [];
  for (const [key, value] of Object.entries(parsed)) {
    const setting = known.find((name) => name === key);
    if (setting !== undefined) {
      add(setting, {
        value,
        source: `'${key}' in the config file ${path}`,
        directory: dirname(path),
        rank: 1,
      });
      continue;
    }
    const secret = NOT_IN_FILES.find((name) => name === key);
    const advice =
      secret === undefined
        ? `${suggest(key, known)} Correct or remove it.`
        : `A secret does not belong into it: name a file of its own with '${key}File', or set ${environmentName(key)}.`;
    problems.push({
      code: 'config_unknown_key',
      message: `The config file ${path} has the unknown key '${key}'. ${advice}`,
    });
  }
  return problems;
}

/** The file's object, or what is wrong with it. */
function parseFile(path: string): Record<string, unknown> | string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return `cannot be read (${error instanceof Error ? error.message : String(error)}). Correct the path or the access rights.`;
  }
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    return 'is JSON, but not an object. Write {"name": "broker-1", ...}.';
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}. Correct it; comments are not allowed.`;
  }
}

export function gatherSettings(input: SourceInput): Sources {
  const settings = new Map<SettingKey, RawSetting>();
  const add: Add = (key, setting) => {
    settings.set(key, setting);
  };
  const problems: ConfigProblem[] = [];
  const flag = input.flags['config'];
  const variable = input.env['CALLBOARD_CONFIG'];
  if (typeof flag === 'string') {
    problems.push(...readFile(resolve(input.cwd, flag), 'the flag --config', add));
  } else if (variable !== undefined && variable !== '') {
    problems.push(
      ...readFile(resolve(input.cwd, variable), 'the environment variable CALLBOARD_CONFIG', add),
    );
  }
  problems.push(...readEnvironment(input, add));
  readFlags(input, add);
  return { settings, problems };
}
