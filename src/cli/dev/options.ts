/** What `callboard dev` was asked for, checked and filled in. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Endpoint } from '../../node/config.ts';
import { parseHost, parsePort } from '../../node/config-endpoints.ts';
import { environmentName, ofCommands, settingKeys, unknownVariables } from '../../node/config-sources.ts';
import { CliError } from '../errors.ts';

export interface DevOptions {
  readonly nodes: number;
  /** Absolute. */
  readonly data: string;
  /** New topics are kept in memory. */
  readonly memory: boolean;
  /** `data` is made for this run and removed at its end. */
  readonly temporary: boolean;
  readonly host: string;
  /** Of the first node; the others follow. */
  readonly port: number;
  readonly manualBrokers: boolean;
  readonly restart: boolean;
  readonly verbose: boolean;
}

const NODES_MAX = 9;
/** Settings of a node that `dev` hands on as they are; it decides all others itself. */
const PASSED_ON = [
  'adminToken',
  'logLevel',
  'limits',
  'storage',
  'allowedOrigins',
  'allowHost',
  'trustedProxy',
  'unusedDays',
].map(environmentName);

function refuse(flag: string, value: string, why: string): CliError {
  return new CliError('usage', `${flag} is '${value}' (came from the command line): ${why}.`);
}

export function parseDevOptions(flags: Readonly<Record<string, unknown>>): DevOptions {
  const given = (name: string, otherwise: string): string => {
    const value = flags[name];
    return typeof value === 'string' ? value : otherwise;
  };
  const count = given('nodes', '3');
  const nodes = /^\d+$/.test(count) ? Number(count) : Number.NaN;
  if (!(nodes >= 1 && nodes <= NODES_MAX)) {
    throw refuse('--nodes', count, `write a whole number from 1 to ${NODES_MAX}`);
  }
  const host = parseHost(given('host', '127.0.0.1'));
  if (!host.ok) throw refuse('--host', given('host', ''), host.why);
  const port = parsePort(given('port', '8080'));
  if (!port.ok) throw refuse('--port', given('port', ''), port.why);
  if (port.value + nodes - 1 > 65_535) {
    const why = `${nodes} nodes need the ports up to ${port.value + nodes - 1}, and 65535 is the last one`;
    throw refuse('--port', String(port.value), `${why}; choose a smaller one`);
  }
  const memory = flags['memory'] === true;
  const temporary = memory && flags['data'] === undefined;
  const ownFolder = join(tmpdir(), `callboard-memory-${randomUUID()}`);
  return {
    nodes,
    data: temporary ? ownFolder : resolve(given('data', './.callboard')),
    memory,
    temporary,
    host: host.value,
    port: port.value,
    manualBrokers: flags['manualBrokers'] === true,
    restart: flags['restart'] !== false,
    verbose: flags['verbose'] === true,
  };
}

export interface DevEnvironment {
  /** For the nodes: everything of ours except the settings that `dev` decides. */
  readonly forNodes: Readonly<Record<string, string | undefined>>;
  readonly notes: readonly string[];
}

/** Refuses variables that nobody knows, and says which ones have no effect here. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): DevEnvironment {
  const known = [...settingKeys.map(environmentName), 'CALLBOARD_CONFIG', ...ofCommands];
  const unknown = unknownVariables(env, known);
  if (unknown.length > 0) {
    throw new CliError('usage', unknown.map(({ message }) => message).join('\n'));
  }
  const ours = Object.keys(env).filter((name) => name.startsWith('CALLBOARD_'));
  const idle = ours.filter(
    (name) =>
      known.includes(name) && !ofCommands.includes(name) && !PASSED_ON.includes(name) && env[name] !== '',
  );
  const forNodes = Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('CALLBOARD_') || PASSED_ON.includes(name)),
  );
  const notes = idle.map(
    (name) => `${name} is a setting of \`callboard server\` and has no effect on \`callboard dev\`.`,
  );
  return { forNodes, notes };
}

/** Where to reach a node that listens here: an address of "all interfaces" is none to connect to. */
export function reachable({ host, port }: Endpoint): Endpoint {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return { host: host === '::' ? '::1' : host, port };
}
