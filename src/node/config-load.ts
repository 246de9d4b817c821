/** Makes a node's configuration from everything that was said, or a ConfigError that names all that is wrong. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { assertLimits, defaultLimits } from '@callboard/client/protocol';
import { defaultUnusedDays, type Endpoint, type NodeConfig, type Peer } from './config.ts';
import { formatEndpoint, isLoopback } from './config-endpoints.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigProblem, ConfigProblemCode } from './config-error.ts';
import { checkSetting } from './config-schema.ts';
import type { Settings } from './config-schema.ts';
import { environmentName, flagName, gatherSettings } from './config-sources.ts';
import type { RawSetting, SettingKey, SourceInput } from './config-sources.ts';

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** For the log of the node: nothing here is an error, all of it is worth knowing. */
  readonly warnings: readonly string[];
}

const DEFAULT_NAME = 'broker-1';
const DEFAULT_LISTEN: Endpoint = { host: '127.0.0.1', port: 8080 };
const DEFAULT_DATA = './callboard-data';

/** What a problem may show of a value: never a secret. */
function show(key: SettingKey, value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
  if (key === 'secret' || key === 'adminToken') return `${String(value).length} characters long`;
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}

/** Shorter ones can be guessed; they are taken all the same, since scripts have them. */
const tokenCharacters = 16;

/** What is weak in a configuration and works all the same: for the log, and for `findings` in `/status`. */
export function weaknesses({ adminToken }: Pick<NodeConfig, 'adminToken'>): readonly string[] {
  if (adminToken.length >= tokenCharacters) return [];
  return [
    `The admin token has ${adminToken.length} characters, and can be guessed: set one of at least ${tokenCharacters} on all nodes.`,
  ];
}

class Loader {
  readonly #input: SourceInput;
  readonly #raw: ReadonlyMap<SettingKey, RawSetting>;
  readonly #settings: Settings;
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: string[] = [];

  constructor(input: SourceInput) {
    this.#input = input;
    const { settings, problems } = gatherSettings(input);
    this.#raw = settings;
    this.#problems.push(...problems);
    const checked: [SettingKey, unknown][] = [];
    for (const [key, { value, source }] of settings) {
      const result = checkSetting(key, value);
      if (result.ok) checked.push([key, result.value]);
      else {
        this.#problem(
          'config_invalid_value',
          `${key} is ${show(key, value)} (came from ${source}): ${result.why}.`,
        );
      }
    }
    this.#settings = Object.fromEntries(checked);
  }

  load(): LoadedConfig {
    const settings = this.#settings;
    const { name, listen, peers } = this.#place();
    const secret = this.#secret('secret', 'secretFile') ?? this.#noSecret(peers);
    const adminToken = this.#secret('adminToken', 'adminTokenFile') ?? this.#noAdminToken();
    this.#warnings.push(...weaknesses({ adminToken }));
    this.#checkLimits();
    this.#warnIfOpen(listen);
    const config: NodeConfig = {
      name,
      listen,
      peers,
      dataDirectory: this.#path('data', settings.data ?? DEFAULT_DATA),
      secret,
      adminToken,
      storage: settings.storage ?? 'disk',
      manualBrokers: settings.manualBrokers ?? false,
      logLevel: settings.logLevel ?? 'info',
      logFile: settings.logFile === undefined ? undefined : this.#path('logFile', settings.logFile),
      allowedOrigins: settings.allowedOrigins ?? [],
      allowedHosts: settings.allowHost ?? [],
      trustedProxies: settings.trustedProxy ?? [],
      unusedDays: settings.unusedDays ?? defaultUnusedDays,
      ...(settings.limits === undefined ? {} : { limitsOverrides: settings.limits }),
    };
    const [first, ...others] = this.#problems;
    if (first !== undefined) throw new ConfigError([first, ...others]);
    return { config, warnings: this.#warnings };
  }

  /** Absolute: relative to where the setting was written. */
  #path(key: SettingKey, value: string): string {
    return resolve(this.#raw.get(key)?.directory ?? this.#input.cwd, value);
  }

  #problem(code: ConfigProblemCode, message: string): void {
    this.#problems.push({ code, message });
  }

  /** Who this node is among its peers, and where it listens. */
  #place(): { name: string; listen: Endpoint; peers: readonly Peer[] } {
    const { name, listen, peers } = this.#settings;
    // Where one of them is given but wrong, nothing follows from its absence.
    const unknown = (key: SettingKey): boolean => this.#raw.has(key) && this.#settings[key] === undefined;
    if (peers === undefined || unknown('name')) {
      const own = { name: name ?? DEFAULT_NAME, ...(listen ?? DEFAULT_LISTEN) };
      return { name: own.name, listen: listen ?? DEFAULT_LISTEN, peers: peers ?? [own] };
    }
    const names = peers.map((peer) => peer.name);
    const self = peers.find((peer) => peer.name === name);
    const source = this.#raw.get('peers')?.source ?? 'the defaults';
    if (name === undefined) {
      const ways = `${flagName('name')} or ${environmentName('name')}`;
      this.#problem(
        'config_conflict',
        `peers names ${names.join(', ')} (came from ${source}), but name is not set: say with ${ways} which of them this node is.`,
      );
    } else if (self === undefined) {
      this.#problem(
        'config_conflict',
        `name is '${name}' (came from ${this.#raw.get('name')?.source ?? 'the defaults'}), but peers names only ${names.join(', ')} ` +
          `(came from ${source}): every node of the list, this one too, must be in it.`,
      );
    }
    const own = self === undefined ? DEFAULT_LISTEN : { host: self.host, port: self.port };
    return { name: name ?? DEFAULT_NAME, listen: listen ?? own, peers };
  }

  /** A secret given as such or in a file; the stronger source wins, and two of the same source contradict each other. */
  #secret(key: 'secret' | 'adminToken', fileKey: 'secretFile' | 'adminTokenFile'): string | undefined {
    const plain = this.#raw.get(key);
    const file = this.#raw.get(fileKey);
    if (plain !== undefined && file !== undefined && plain.rank === file.rank) {
      this.#problem(
        'config_conflict',
        `${key} came from ${plain.source} and from ${file.source}: give only one of them.`,
      );
      return undefined;
    }
    if (file === undefined || (plain !== undefined && plain.rank > file.rank)) return this.#settings[key];
    const named = this.#settings[fileKey];
    return named === undefined
      ? undefined
      : this.#readSecret(key, resolve(file.directory, named), file.source);
  }

  #readSecret(key: 'secret' | 'adminToken', path: string, source: string): string | undefined {
    let text: string;
    try {
      text = readFileSync(path, 'utf8').trim();
      if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
        this.#warnings.push(
          `${path} holds a secret and can be read by others than its owner: run chmod 600 on it.`,
        );
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem(
        'config_secret_unreadable',
        `The file ${path} (came from ${source}) cannot be read: ${reason}. Correct the path or the access rights.`,
      );
      return undefined;
    }
    const checked = checkSetting(key, text);
    if (checked.ok) return String(checked.value);
    this.#problem(
      'config_invalid_value',
      `${key} in the file ${path} (came from ${source}) is ${show(key, text)}: ${checked.why}.`,
    );
    return undefined;
  }

  #noSecret(peers: readonly Peer[]): string {
    const given = this.#raw.has('secret') || this.#raw.has('secretFile');
    if (peers.length > 1 && !given) {
      this.#problem(
        'config_secret_missing',
        `peers names ${peers.length} nodes, but no secret is set, by which they would know each other. Put the same one ` +
          `on all nodes (\`openssl rand -hex 32\`) as ${environmentName('secret')}, or in a file named with ${flagName('secretFile')}.`,
      );
    }
    return randomBytes(32).toString('hex');
  }

  #noAdminToken(): string {
    this.#warnings.push(
      `No admin token is set: every admin call will be refused. Set ${environmentName('adminToken')} on all nodes.`,
    );
    return randomBytes(32).toString('hex');
  }

  #checkLimits(): void {
    const overrides = this.#settings.limits;
    const raw = this.#raw.get('limits');
    if (overrides === undefined || raw === undefined) return;
    try {
      assertLimits({ ...defaultLimits, ...overrides });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem(
        'config_conflict',
        `limits is ${show('limits', raw.value)} (came from ${raw.source}): ${reason}. Change both sides.`,
      );
    }
  }

  #warnIfOpen(listen: Endpoint): void {
    if (isLoopback(listen.host)) return;
    this.#warnings.push(
      `This node listens on ${formatEndpoint(listen)}, beyond this machine, and there are no client credentials: whoever reaches ` +
        'that address can read and write every topic. Let only a trusted network reach it, or listen on 127.0.0.1.',
    );
  }
}

export function loadNodeConfig(input: SourceInput): LoadedConfig {
  return new Loader(input).load();
}
