/** compose.yaml against the Compose Specification's schema, and what the schema cannot know: that its parts fit each other and the nodes. */
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { defaultLimits } from '@callboard/client/protocol';
import { loadNodeConfig } from '../../src/node/config-load.ts';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { renderTemplate } from '../lib/gateway.ts';
import { makeTempDir } from '../lib/temp-dir.ts';
import { environmentOf, readCompose } from './compose-file.ts';

const test = suite('compose');
const root = findRepoRoot(import.meta.url);
const file = join(root, 'compose.yaml');
const template = readFileSync(join(root, 'deploy/nginx/templates/callboard.conf.template'), 'utf8');
const brokers = ['broker-1', 'broker-2', 'broker-3'];

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function makeSecrets(directory: string): void {
  const made = spawnSync(process.execPath, [join(root, 'deploy/make-secrets.mjs'), directory]);
  assert.is(made.status, 0, String(made.stderr));
}

/** A container's environment with its paths moved to where this test has them. */
function onThisMachine(environment: Readonly<Record<string, string>>, directory: string): NodeJS.ProcessEnv {
  const moved = Object.entries(environment).map(([name, value]) => {
    return [name, value.replace(/^\/run\/callboard/, directory)] as const;
  });
  return Object.fromEntries(moved);
}

test('keeps to the schema of the Compose Specification', () => {
  const schema = JSON.parse(read('test/deploy/schema/compose-spec.json')) as object;
  const duration = /^(\d+(\.\d+)?(us|ms|s|m|h))+$/;
  const ajv = new Ajv2020({ strict: false, formats: { duration, ports: true } });
  const isCompose = ajv.compile(schema);
  for (const path of ['compose.yaml', 'config/persist-yes.yaml', 'config/persist-no.yaml']) {
    const document: unknown = parse(read(path), { merge: true });
    assert.ok(isCompose(document), `${path}: ${ajv.errorsText(isCompose.errors)}`);
  }
  assert.not(isCompose({ services: { a: { image: 'x', port: ['80:80'] } } }), 'the schema checks nothing');
});

test('PERSIST chooses disk or memory for every broker, and a node takes the whole environment', () => {
  const directory = makeTempDir();
  makeSecrets(directory);
  for (const [persist, storage] of [
    ['', 'disk'],
    ['yes', 'disk'],
    ['no', 'memory'],
  ] as const) {
    const { services } = readCompose(file, { PERSIST: persist });
    for (const [index, name] of brokers.entries()) {
      const service = services[name];
      assert.ok(service, name);
      const environment = environmentOf(service, root);
      const { config } = loadNodeConfig({
        flags: {},
        env: onThisMachine(environment, directory),
        cwd: '/callboard',
      });
      assert.is(config.name, name);
      assert.is(config.storage, storage);
      assert.equal(config.listen, { host: '0.0.0.0', port: 8080 });
      assert.is(config.peers[index]?.name, name);
      assert.is(config.peers.length, brokers.length);
      assert.is(config.dataDirectory, '/data');
      assert.is(config.secret, readFileSync(join(directory, 'secret'), 'utf8').trim());
    }
  }
  assert.throws(() =>
    environmentOf(readCompose(file, { PERSIST: 'maybe' }).services['broker-1'] ?? {}, root),
  );
});

test('only the gateway is published, on this machine only, and the brokers keep to themselves', () => {
  const { services, networks } = readCompose(file);
  const published = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
  assert.equal(
    published.map(([name, { ports }]) => [name, ports]),
    [['gateway', ['127.0.0.1:8080:8080']]],
  );
  assert.equal(readCompose(file, { CALLBOARD_PUBLISH: '80' }).services['gateway']?.ports, ['80:8080']);
  for (const name of brokers) assert.equal(Object.keys(services[name]?.networks ?? {}), ['cluster']);
  assert.is(networks?.['cluster']?.internal, true);
});

test('the gateway is given all that its template wants, and the addresses of the brokers', () => {
  const { services } = readCompose(file);
  const { environment = {}, volumes = [] } = services['gateway'] ?? {};
  const rendered = renderTemplate(template, environment);
  const { CALLBOARD_PEERS: peers = '' } = services['broker-1']?.environment ?? {};
  const addresses = peers.split(',').map((peer) => peer.split('=')[1]);
  for (const address of addresses) assert.ok(rendered.includes(`server ${address} `), address);
  for (const [index, name] of brokers.entries()) {
    const networks = services[name]?.networks as { cluster: { ipv4_address: string } };
    assert.is(`${networks.cluster.ipv4_address}:8080`, addresses[index]);
  }
  for (const volume of volumes) {
    const [source = ''] = volume.split(':');
    assert.ok(existsSync(join(root, source)), source);
  }
  assert.match(environment['NGINX_ENVSUBST_FILTER'] ?? '', /^\^CALLBOARD_$/);
});

function inTemplate(pattern: RegExp): number {
  const [, digits] = pattern.exec(template) ?? [];
  assert.ok(digits !== undefined, `the template has no ${pattern.source}`);
  return Number(digits);
}

test('the gateway has the limits of the nodes', () => {
  const limits = defaultLimits;
  assert.is(inTemplate(/client_max_body_size (\d+)m;/) * (1 << 20), limits.httpBodyBytes);
  assert.is(inTemplate(/more than (\d{6,}) bytes: send less/), limits.httpBodyBytes);
  assert.is(inTemplate(/large_client_header_buffers 4 (\d+)k;/) * 1_024, limits.httpHeaderBytes);
  assert.is(inTemplate(/headers of the request have more than (\d+) bytes/), limits.httpHeaderBytes);
  assert.is(inTemplate(/client_header_timeout (\d+)s;/) * 1_000, limits.httpHeadersMs);
  assert.is(inTemplate(/client_body_timeout (\d+)s;/) * 1_000, limits.httpRequestMs);
  // A node answers first, and the gateway lets an idle connection go first.
  assert.ok(inTemplate(/proxy_read_timeout (\d+)s;/) * 1_000 > limits.callDeadlineMs);
  assert.ok(inTemplate(/keepalive_timeout (\d+)s;/) * 1_000 < limits.httpKeepAliveMs);
});

test('volumes that are used are declared, and commands exist', () => {
  const { services, volumes = {} } = readCompose(file);
  for (const [name, service] of Object.entries(services)) {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      assert.ok(source.startsWith('./') || source in volumes, `${name}: ${source}`);
    }
    assert.is(service.privileged, undefined);
    const [program, script] = service.entrypoint ?? [];
    if (program === 'node') assert.ok(existsSync(join(root, script ?? '')), script);
  }
});

test('secrets are drawn once, kept, and no default anywhere', () => {
  const directory = mkdtempSync(join(makeTempDir(), 'secrets-'));
  makeSecrets(directory);
  const contents = ['secret', 'admin-token'].map((name) => {
    assert.is(statSync(join(directory, name)).mode & 0o777, 0o600);
    return readFileSync(join(directory, name), 'utf8');
  });
  makeSecrets(directory);
  assert.equal(
    ['secret', 'admin-token'].map((name) => readFileSync(join(directory, name), 'utf8')),
    contents,
  );
  assert.is(new Set(contents).size, 2);
  for (const content of contents) assert.match(content, /^[0-9a-f]{64}\n$/);
  const { services } = readCompose(file);
  for (const service of Object.values(services)) {
    const names = Object.keys(service.environment ?? {});
    assert.not(names.some((name) => /(SECRET|TOKEN)$/.test(name)));
  }
});

test.run();
