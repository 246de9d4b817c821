/**
 * What each setting may be. Text from flags and environment and JSON values from the file go through the same schema,
 * so one value means the same wherever it is written.
 */
import { isIP } from 'node:net';
import { defaultLimits } from '@callboard/client/protocol';
import type { Limits, TopicStorage } from '@callboard/client/protocol';
import { z } from 'zod';
import type { Endpoint, LogLevel, Peer } from './config.ts';
import { parseEndpoint, parseHost, parseNodeName, parsePeers } from './config-endpoints.ts';
import type { Parsed } from './config-endpoints.ts';
import { nearMiss } from './config-near-miss.ts';
import type { SettingKey } from './config-sources.ts';

export interface Settings {
  readonly name?: string;
  readonly listen?: Endpoint;
  readonly peers?: readonly Peer[];
  readonly data?: string;
  readonly secret?: string;
  readonly secretFile?: string;
  readonly adminToken?: string;
  readonly adminTokenFile?: string;
  readonly storage?: TopicStorage;
  readonly manualBrokers?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
  readonly allowedOrigins?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly trustedProxy?: readonly string[];
  readonly unusedDays?: number;
  readonly limits?: Partial<Limits>;
}

const SECRET_LENGTH_MIN = 16;
const storages: readonly TopicStorage[] = ['disk', 'memory'];
const logLevels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Runs a parser that answers with a text as a step of a zod schema. */
function parsedBy<In, Out>(
  parse: (value: In) => Parsed<Out>,
): (value: In, context: z.RefinementCtx<In>) => Out {
  return (value, context) => {
    const parsed = parse(value);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.why });
    return z.NEVER;
  };
}

const text = z.string({ error: 'write it as text' }).trim().min(1, { error: 'it must not be empty' });

/** `a,b` or `["a", "b"]`. */
const list = z.union([text.transform((value) => value.split(',')), z.array(text)], {
  error: 'write a text with commas, or in the config file a list of texts',
});

const flag = z.union(
  [
    z.boolean(),
    z.enum(['true', 'yes', '1']).transform(() => true),
    z.enum(['false', 'no', '0']).transform(() => false),
  ],
  { error: 'write true or false' },
);

function parseLevel(value: string): Parsed<LogLevel> {
  const level = logLevels.find((known) => known === value.toLowerCase());
  if (level !== undefined) return { ok: true, value: level };
  const near = nearMiss(value, logLevels);
  return {
    ok: false,
    why: `${near === undefined ? '' : `did you mean '${near}'? `}levels are ${logLevels.join(', ')}`,
  };
}

function parseStorage(value: string): Parsed<TopicStorage> {
  const kind = storages.find((known) => known === value.toLowerCase());
  if (kind !== undefined) return { ok: true, value: kind };
  const near = nearMiss(value, storages);
  const hint = near === undefined ? '' : `did you mean '${near}'? `;
  return { ok: false, why: `${hint}new topics are kept on 'disk' or in 'memory'` };
}

function parseOrigins(values: readonly string[]): Parsed<readonly string[]> {
  const origins: string[] = [];
  for (const value of values) {
    const wanted = value.trim().replace(/\/$/, '').toLowerCase();
    if (!URL.canParse(wanted) || new URL(wanted).origin !== wanted) {
      const form = 'scheme, host and port only, such as https://console.example:8443';
      return { ok: false, why: `'${value}' is not an origin: write ${form}` };
    }
    origins.push(wanted);
  }
  return { ok: true, value: origins };
}

function parseHostNames(values: readonly string[]): Parsed<readonly string[]> {
  const names: string[] = [];
  for (const value of values) {
    const name = value.trim().toLowerCase().replace(/\.$/, '');
    const parsed = parseHost(name);
    if (!parsed.ok) {
      return { ok: false, why: `${parsed.why}; write names such as queue.example, without port` };
    }
    names.push(name);
  }
  return { ok: true, value: names };
}

function parseProxies(values: readonly string[]): Parsed<readonly string[]> {
  const proxies: string[] = [];
  for (const value of values) {
    const wanted = value.trim();
    const [address = '', bits, ...more] = wanted.split('/');
    const widest = isIP(address) === 6 ? 128 : 32;
    const network = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= widest);
    if (isIP(address) === 0 || !network || more.length > 0) {
      return {
        ok: false,
        why: `'${wanted}' is no address: write 10.0.0.5, or a network such as 10.0.0.0/24`,
      };
    }
    proxies.push(wanted);
  }
  return { ok: true, value: proxies };
}

function parseSecret(value: string): Parsed<string> {
  if (value.length >= SECRET_LENGTH_MIN) return { ok: true, value };
  return {
    ok: false,
    why: `a cluster secret has at least ${SECRET_LENGTH_MIN} characters: make one with \`openssl rand -hex 32\``,
  };
}

const mostDays = 36_500;
const daysWanted = `write a whole number of days from 1 to ${mostDays}, or 0 for never`;

function parseDays(value: string): Parsed<number> {
  const days = /^\d{1,6}$/.test(value) ? Number(value) : NaN;
  return days <= mostDays ? { ok: true, value: days } : { ok: false, why: daysWanted };
}

/** With 0 each tail record of the journal is synced before its batch is answered. */
const mayBeZero: readonly string[] = ['journalSyncMs'];

function parseLimits(value: Record<string, unknown>): Parsed<Partial<Limits>> {
  const known = Object.keys(defaultLimits);
  for (const [key, amount] of Object.entries(value)) {
    if (!known.includes(key)) {
      const near = nearMiss(key, known);
      return {
        ok: false,
        why: `there is no limit '${key}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
      };
    }
    const least = mayBeZero.includes(key) ? 0 : 1;
    if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < least) {
      return {
        ok: false,
        why: `the limit '${key}' must be a whole number from ${least}, not ${JSON.stringify(amount)}`,
      };
    }
  }
  return { ok: true, value: value };
}

/** Text that is not JSON stays text, and is then no object. */
function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const limitsObject = z.record(z.string(), z.unknown(), {
  error: 'write an object, such as {"callDeadlineMs": 5000}',
});

const schemas: Record<SettingKey, z.ZodType> = {
  name: text.transform(parsedBy(parseNodeName)),
  listen: z
    .union([text, z.number().transform(String)], { error: 'write host:port, such as "127.0.0.1:8080"' })
    .transform(parsedBy(parseEndpoint)),
  peers: list.transform(parsedBy(parsePeers)),
  data: text,
  secret: text.transform(parsedBy(parseSecret)),
  secretFile: text,
  adminToken: text,
  adminTokenFile: text,
  storage: text.transform(parsedBy(parseStorage)),
  manualBrokers: flag,
  logLevel: text.transform(parsedBy(parseLevel)),
  logFile: text,
  allowedOrigins: list.transform(parsedBy(parseOrigins)),
  allowHost: list.transform(parsedBy(parseHostNames)),
  trustedProxy: list.transform(parsedBy(parseProxies)),
  unusedDays: z
    .union([text, z.number().transform(String)], { error: daysWanted })
    .transform(parsedBy(parseDays)),
  limits: z.preprocess(parseJson, limitsObject).transform(parsedBy(parseLimits)),
};

/** The setting's value, or what is wrong with it. */
export function checkSetting(key: SettingKey, value: unknown): Parsed<unknown> {
  const result = schemas[key].safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, why: result.error.issues[0]?.message ?? 'it is not valid' };
}
