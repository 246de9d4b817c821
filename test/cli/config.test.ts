/** How a node's configuration comes together, and how each mistake is told. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigError } from '../../src/node/config-error.ts';
import { loadNodeConfig } from '../../src/node/config-load.ts';
import type { LoadedConfig } from '../../src/node/config-load.ts';
import { editDistance, nearMiss } from '../../src/node/config-near-miss.ts';
import { makeTempDir } from '../lib/temp-dir.ts';

const test = suite('configuration');
const directory = makeTempDir();
const SECRET = '0123456789abcdef0123456789abcdef';
const PEERS = 'a=127.0.0.1:9001,b=127.0.0.1:9002,c=127.0.0.1:9003';

type Values = Readonly<Record<string, string | undefined>>;

function load(flags: Readonly<Record<string, unknown>> = {}, env: Values = {}): LoadedConfig {
  return loadNodeConfig({ flags, env, cwd: directory });
}

function writeConfig(content: unknown): string {
  const path = join(directory, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The problems as `code: message`. */
function problemsOf(flags: Readonly<Record<string, unknown>>, env: Values = {}): string[] {
  try {
    load(flags, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ code, message }) => `${code}: ${message}`);
    throw error;
  }
  return [];
}

/** Asserts that there is one problem, and that it says all of this. */
function refused(flags: Readonly<Record<string, unknown>>, env: Values, ...parts: readonly string[]): void {
  const problems = problemsOf(flags, env);
  assert.is(problems.length, 1, problems.join('\n') || 'nothing was refused');
  for (const part of parts) assert.ok(problems[0]?.includes(part), `'${part}' is missing in: ${problems[0]}`);
}

test('has defaults for a node alone on this machine', () => {
  const { config } = load();
  assert.is(config.name, 'broker-1');
  assert.equal(config.listen, { host: '127.0.0.1', port: 8080 });
  assert.equal(config.peers, [{ name: 'broker-1', host: '127.0.0.1', port: 8080 }]);
  assert.is(config.dataDirectory, join(directory, 'callboard-data'));
  assert.is(config.manualBrokers, false);
  assert.is(config.storage, 'disk');
  assert.is(config.logLevel, 'info');
  assert.not.ok('limitsOverrides' in config);
});

test('a node alone has a secret and a token that nobody knows, other ones each time', () => {
  const [first, second] = [load().config, load().config];
  assert.ok(first.secret.length >= 32 && first.adminToken.length >= 32);
  assert.is.not(first.secret, second.secret);
  assert.is.not(first.adminToken, second.adminToken);
});

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const config = writeConfig({
    name: 'from-file',
    logLevel: 'warn',
    listen: '127.0.0.1:7001',
    manualBrokers: true,
  });
  const env = { CALLBOARD_NAME: 'from-env', CALLBOARD_LISTEN: '127.0.0.1:7002' };
  const loaded = load({ config, name: 'from-flag' }, env).config;
  assert.is(loaded.name, 'from-flag');
  assert.is(loaded.listen.port, 7002);
  assert.is(loaded.logLevel, 'warn');
  assert.is(loaded.manualBrokers, true);
});

test('finds the config file by CALLBOARD_CONFIG too; its paths begin where it lies', () => {
  const config = writeConfig({ data: 'below' });
  assert.is(
    loadNodeConfig({ flags: {}, env: { CALLBOARD_CONFIG: config }, cwd: '/' }).config.dataDirectory,
    join(directory, 'below'),
  );
});

test('takes lists in the file as lists, and values of the environment as text', () => {
  const config = writeConfig({ peers: PEERS.split(','), name: 'b', allowedOrigins: ['https://one.example'] });
  const loaded = load({ config }, { CALLBOARD_SECRET: SECRET, CALLBOARD_MANUAL_BROKERS: 'yes' }).config;
  assert.equal(
    loaded.peers.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  assert.equal(loaded.allowedOrigins, ['https://one.example']);
  assert.is(loaded.manualBrokers, true);
});

test('empty variables count as unset', () => {
  assert.is(load({}, { CALLBOARD_NAME: '', CALLBOARD_CONFIG: '' }).config.name, 'broker-1');
});

test('keeps the order of peers, and listens where peers say unless told otherwise', () => {
  const loaded = load({ peers: PEERS, name: 'c' }, { CALLBOARD_SECRET: SECRET }).config;
  assert.equal(
    loaded.peers.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  assert.equal(loaded.listen, { host: '127.0.0.1', port: 9003 });
  const elsewhere = load(
    { peers: PEERS, name: 'c', listen: '0.0.0.0:80' },
    { CALLBOARD_SECRET: SECRET },
  ).config;
  assert.equal(elsewhere.listen, { host: '0.0.0.0', port: 80 });
});

test('reads addresses: port alone, host names, IPv6 in brackets', () => {
  assert.equal(load({ listen: '9000' }).config.listen, { host: '127.0.0.1', port: 9000 });
  assert.equal(load({ listen: 'localhost:9000' }).config.listen, { host: 'localhost', port: 9000 });
  assert.equal(load({ listen: '[::1]:9000' }).config.listen, { host: '::1', port: 9000 });
  const config = writeConfig({ listen: 9001 });
  assert.is(load({ config }).config.listen.port, 9001);
});

const badAddresses: readonly (readonly [string, string])[] = [
  ['127.0.0.1', 'the port is missing: write 127.0.0.1:8080'],
  [':8080', 'the host is missing: write 127.0.0.1:8080'],
  ['127.0.0.1:0', "from 1 to 65535, not '0'"],
  ['127.0.0.1:65536', "not '65536'"],
  ['127.0.0.1:x', "not 'x'"],
  ['127.0.0.1:', "not ''"],
  ['256.1.1.1:80', 'is not an IP address'],
  ['1.2.3:80', 'is not an IP address'],
  ['::1:8080', 'write [::1]:8080'],
  ['[::g]:80', 'is not an IPv6 address'],
  ['a b:80', 'neither a host name nor an IP address'],
];

for (const [address, why] of badAddresses) {
  test(`refuses to listen on '${address}'`, () => {
    refused(
      { listen: address },
      {},
      'config_invalid_value',
      `listen is '${address}'`,
      'the flag --listen',
      why,
    );
  });
}

const badPeers: readonly (readonly [string, string])[] = [
  ['a', 'without a name: write name=host:port'],
  ['a=h:1,b', "peer 2 is 'b', without a name"],
  ['a=h:1,', 'peer 2 is empty'],
  ['a=h:1,a=h:2', "two peers are named 'a'"],
  ['a=h:1,b=h:1', "'a' and 'b' have the same address h:1"],
  ['a/b=h:1', 'a node name is'],
  ['..=h:1', 'a node name is'],
  ['a=h', 'the port is missing'],
  [Array.from({ length: 16 }, (_, i) => `n${i}=h:${i + 1}`).join(','), '16 peers are named, at most 15'],
];

for (const [peers, why] of badPeers) {
  test(`refuses the peers '${peers.slice(0, 40)}'`, () => {
    refused(
      { peers, name: 'a' },
      { CALLBOARD_SECRET: SECRET },
      'config_invalid_value',
      'the flag --peers',
      why,
    );
  });
}

test('refuses peers without this node among them, or without being told which one it is', () => {
  const env = { CALLBOARD_SECRET: SECRET };
  refused({ peers: PEERS, name: 'd' }, env, 'config_conflict', "name is 'd'", 'the flag --name', 'a, b, c');
  refused({ peers: PEERS }, env, 'config_conflict', 'name is not set', '--name or CALLBOARD_NAME');
});

test('refuses several peers without a secret, and says how to make one', () => {
  refused(
    { peers: PEERS, name: 'a' },
    {},
    'config_secret_missing',
    '3 nodes',
    'openssl rand',
    'CALLBOARD_SECRET',
    '--secret-file',
  );
});

test('never repeats a secret', () => {
  const problems = problemsOf({}, { CALLBOARD_SECRET: 'tiny-secret', CALLBOARD_SECRETS: 'x' });
  assert.is(problems.length, 2);
  assert.not.ok(problems.join('\n').includes('tiny-secret'));
  assert.ok(problems.join('\n').includes('secret is 11 characters long'));
});

test('reads the secret and the token from files', () => {
  const [secretFile, adminTokenFile] = [join(directory, 'secret'), join(directory, 'token')];
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  writeFileSync(adminTokenFile, 'let-me-in-at-once\n', { mode: 0o600 });
  const loaded = load({ secretFile, adminTokenFile });
  assert.is(loaded.config.secret, SECRET);
  assert.is(loaded.config.adminToken, 'let-me-in-at-once');
  assert.equal(loaded.warnings, []);
  chmodSync(secretFile, 0o644);
  assert.ok(load({ secretFile, adminTokenFile }).warnings[0]?.includes('chmod 600'));
});

test('a flag with a secret file wins over a secret in the environment; two in one place contradict each other', () => {
  const secretFile = join(directory, 'secret-of-flag');
  writeFileSync(secretFile, 'f'.repeat(32), { mode: 0o600 });
  assert.is(load({ secretFile }, { CALLBOARD_SECRET: SECRET }).config.secret, 'f'.repeat(32));
  const config = writeConfig({ secretFile });
  assert.is(load({ config }, { CALLBOARD_SECRET: SECRET }).config.secret, SECRET);
  const both = { CALLBOARD_SECRET: SECRET, CALLBOARD_SECRET_FILE: secretFile };
  refused({}, both, 'config_conflict', 'CALLBOARD_SECRET and', 'CALLBOARD_SECRET_FILE', 'only one');
});

test('says of a secret file that is missing or empty where it was named', () => {
  refused(
    { secretFile: 'nowhere' },
    {},
    'config_secret_unreadable',
    join(directory, 'nowhere'),
    'the flag --secret-file',
  );
  writeFileSync(join(directory, 'empty'), '\n', { mode: 0o600 });
  refused({ secretFile: 'empty' }, {}, 'config_invalid_value', '0 characters long', 'the flag --secret-file');
});

test('names the near miss of a wrong key in the file', () => {
  refused(
    { config: writeConfig({ lisen: '9000' }) },
    {},
    'config_unknown_key',
    "'lisen'",
    "Did you mean 'listen'?",
    'config.json',
  );
  refused({ config: writeConfig({ manual_brokers: true }) }, {}, "Did you mean 'manualBrokers'?");
  refused({ config: writeConfig({ colour: 'red' }) }, {}, 'Known are: name, listen, peers');
});

test('does not take secrets from the config file, and says where they belong', () => {
  refused(
    { config: writeConfig({ secret: SECRET }) },
    {},
    'config_unknown_key',
    "'secretFile'",
    'CALLBOARD_SECRET',
  );
});

test('names the near miss of an unknown variable', () => {
  refused(
    {},
    { CALLBOARD_LISTN: '9000' },
    'config_unknown_key',
    'CALLBOARD_LISTN',
    "Did you mean 'CALLBOARD_LISTEN'?",
  );
});

test('does not mind the variables that Kubernetes sets for a service called callboard', () => {
  const env = {
    CALLBOARD_SERVICE_HOST: '10.0.0.1',
    CALLBOARD_SERVICE_PORT_HTTP: '8080',
    CALLBOARD_PORT: 'tcp://10.0.0.1:8080',
    CALLBOARD_PORT_8080_TCP_ADDR: '10.0.0.1',
    CALLBOARD_HEADLESS_SERVICE_PORT: '8080',
  };
  assert.equal(problemsOf({}, env), []);
});

test('says of a config file that is missing, not JSON, or not an object where it was named', () => {
  refused(
    { config: 'nowhere.json' },
    {},
    'config_file_unreadable',
    'nowhere.json',
    'the flag --config',
    'cannot be read',
  );
  refused({ config: writeConfig('{"name": ') }, {}, 'config_file_unreadable', 'is not JSON');
  refused(
    {},
    { CALLBOARD_CONFIG: writeConfig('[]') },
    'config_file_unreadable',
    'CALLBOARD_CONFIG',
    'not an object',
  );
});

test('says of each value what was wrong with it and where it came from', () => {
  refused(
    {},
    { CALLBOARD_LOG_LEVEL: 'inof' },
    "logLevel is 'inof'",
    'CALLBOARD_LOG_LEVEL',
    "did you mean 'info'?",
  );
  refused({}, { CALLBOARD_MANUAL_BROKERS: 'maybe' }, "manualBrokers is 'maybe'", 'write true or false');
  refused({}, { CALLBOARD_STORAGE: 'memry' }, "storage is 'memry'", "did you mean 'memory'?");
  refused({}, { CALLBOARD_STORAGE: 'tape' }, "storage is 'tape'", "kept on 'disk' or in 'memory'");
  refused(
    { config: writeConfig({ name: 7 }) },
    {},
    'name is 7',
    "'name' in the config file",
    'write it as text',
  );
  refused({ config: writeConfig({ name: '' }) }, {}, "name is ''", 'must not be empty');
  refused({ allowedOrigins: 'https://a.example/path' }, {}, 'is not an origin');
});

test('tells all mistakes at once', () => {
  const config = writeConfig({ lisen: 1, logLevel: 'loud' });
  const problems = problemsOf({ config, listen: 'x:y' }, { CALLBOARD_DAT: '/tmp' });
  assert.is(problems.length, 4, problems.join('\n'));
});

test('takes changed limits, and refuses unknown, impossible and contradicting ones', () => {
  assert.equal(load({ config: writeConfig({ limits: { callDeadlineMs: 1_000 } }) }).config.limitsOverrides, {
    callDeadlineMs: 1_000,
  });
  assert.equal(load({}, { CALLBOARD_LIMITS: '{"callDeadlineMs":2000}' }).config.limitsOverrides, {
    callDeadlineMs: 2_000,
  });
  refused({}, { CALLBOARD_LIMITS: 'many' }, "limits is 'many'", 'write an object');
  refused({ config: writeConfig({ limits: { callDeadlinMs: 1 } }) }, {}, "did you mean 'callDeadlineMs'?");
  refused({ config: writeConfig({ limits: { callDeadlineMs: 0 } }) }, {}, 'a whole number from 1, not 0');
  // The one limit whose 0 means something.
  assert.equal(load({ config: writeConfig({ limits: { journalSyncMs: 0 } }) }).config.limitsOverrides, {
    journalSyncMs: 0,
  });
  refused(
    { config: writeConfig({ limits: { recordBytes: 4_000_000 } }) },
    {},
    'config_conflict',
    'a record with its chunk and frame fits',
  );
});

test('warns when it listens beyond this machine, and when admin calls will be refused', () => {
  const { warnings } = load({ listen: '0.0.0.0:8080' });
  assert.ok(warnings.some((text) => text.includes('0.0.0.0:8080') && text.includes('no client credentials')));
  assert.ok(warnings.some((text) => text.includes('CALLBOARD_ADMIN_TOKEN')));
  assert.equal(load({ listen: '127.0.0.2:8080' }, { CALLBOARD_ADMIN_TOKEN: 'x'.repeat(16) }).warnings, []);
});

test('takes a short admin token, and warns of it', () => {
  const { config, warnings } = load({}, { CALLBOARD_ADMIN_TOKEN: 'letmein' });
  assert.is(config.adminToken, 'letmein');
  assert.is(warnings.length, 1);
  assert.match(warnings[0] ?? '', /7 characters/);
  assert.not.match(warnings[0] ?? '', /letmein/);
});

test('names of hosts and addresses of proxies are lists; what is none is refused by name', () => {
  const { config } = load({
    allowHost: 'Queue.example, board.example.',
    trustedProxy: '10.0.0.0/8,::1, fd00::/8',
  });
  assert.equal(config.allowedHosts, ['queue.example', 'board.example']);
  assert.equal(config.trustedProxies, ['10.0.0.0/8', '::1', 'fd00::/8']);
  for (const host of ['queue.example:8080', 'http://queue.example', 'a b', '1.2.3', '*.example']) {
    assert.match(problemsOf({ allowHost: host }).join(), /allowHost is /, host);
  }
  for (const proxy of ['nginx', '10.0.0.0/33', '10.0.0', '10.0.0.0/8/8', '::1/129', '10.0.0.0/']) {
    assert.match(problemsOf({ trustedProxy: proxy }).join(), /trustedProxy is /, proxy);
  }
});

test('measures edits as typing errors are made', () => {
  assert.is(editDistance('', ''), 0);
  assert.is(editDistance('', 'abc'), 3);
  assert.is(editDistance('listen', 'lisen'), 1);
  assert.is(editDistance('listen', 'litsen'), 1);
  assert.is(editDistance('kitten', 'sitting'), 3);
  assert.is(nearMiss('LOG-LEVEL', ['logLevel', 'listen']), 'logLevel');
  assert.is(nearMiss('xyz', ['logLevel', 'listen']), undefined);
});

test.run();
