/** Reads compose.yaml as Compose does, as far as this repository uses it: merge keys, ${NAME:-default}, `extends` with a file. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: unknown;
  readonly network_mode?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly extends?: { readonly file: string; readonly service: string };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>;
}

type Variables = Readonly<Record<string, string>>;

function interpolate(text: string, variables: Variables): string {
  return text.replace(/\$\{([^}]*)\}/g, (whole, inside: string) => {
    const [, name, fallback] = /^(\w+):-(.*)$/.exec(inside) ?? [];
    if (name === undefined || fallback === undefined) throw new Error(`this reader does not know ${whole}`);
    const value = variables[name] ?? '';
    return value === '' ? fallback : value;
  });
}

/** Values are interpolated, comments and keys are not. */
function interpolated<T>(value: T, variables: Variables): T {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'string' ? interpolate(part, variables) : part,
    ),
  ) as T;
}

export function readCompose(file: string, variables: Variables = {}): ComposeFile {
  return interpolated(parse(readFileSync(file, 'utf8'), { merge: true }) as ComposeFile, variables);
}

/** Paths in what is extended are relative to its file. */
function extended(service: Service, directory: string): Service {
  if (service.extends === undefined) return service;
  const file = join(directory, service.extends.file);
  const base = readCompose(file).services[service.extends.service];
  if (base === undefined) throw new Error(`${file} has no service ${service.extends.service}`);
  const envFile = base.env_file === undefined ? {} : { env_file: join(dirname(file), base.env_file) };
  return { ...base, ...envFile, ...service };
}

/** What a container of the service is given: its env file under its environment. */
export function environmentOf(service: Service, directory: string): Variables {
  const whole = extended(service, directory);
  const file = whole.env_file;
  if (file === undefined) return whole.environment ?? {};
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const lines = readFileSync(file, 'utf8').split('\n');
  const pairs = lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split('=', 2));
  return { ...(Object.fromEntries(pairs) as Variables), ...whole.environment };
}
