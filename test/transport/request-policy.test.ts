// What a hostile web page in a browser beside a node can do: nothing. Programs are never asked who they are.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RealClock } from '../../src/node/ports/real-clock.ts';
import { RequestPolicy } from '../../src/transport/request-policy.ts';

const mozilla = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
const local = 'localhost:8080';

interface Told {
  readonly policy: RequestPolicy;
  readonly told: string[];
  readonly clock: { now: number };
}

function policyOf(hosts: readonly string[] = []): Told {
  const told: string[] = [];
  const clock = { now: 0 };
  const policy = new RequestPolicy({
    hosts: ['broker-1', 'node.internal', ...hosts],
    allowedOrigins: ['https://console.example', 'http://board.example:8080'],
    clock: Object.assign(new RealClock(), { now: () => clock.now }),
    refused: (code, who) => void told.push(`${code} ${who}`),
  });
  return { policy, told, clock };
}

type Headers = Readonly<Record<string, string>>;

function request(headers: Headers, url = '/topics', httpVersion = '1.1') {
  return { headers, rawHeaders: Object.entries(headers).flat(), httpVersion, url };
}

const { policy } = policyOf(['board.example']);
const reads = (headers: Headers): boolean => policy.foreignPage(request(headers), false) === undefined;
const changes = (headers: Headers): boolean => policy.foreignPage(request(headers), true) === undefined;
const asks = (host: string, url?: string): boolean =>
  policy.foreignHost(request({ host }, url)) === undefined;

test('programs are taken: without sec-fetch-site, origin and the name of a browser', () => {
  for (const headers of [
    {},
    { 'user-agent': 'curl/8.5.0' },
    { 'user-agent': 'node', 'sec-fetch-mode': 'cors' },
    { 'user-agent': 'Java-http-client/17.0.15' },
    { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Microsoft Windows 10.0.19045; en-US) PowerShell/7.4.1' },
  ]) {
    assert.ok(changes({ host: local, ...headers }), JSON.stringify(headers));
  }
});

test('pages of the node itself and listed ones may do everything', () => {
  for (const host of [local, '127.0.0.1:8080', '[::1]:8080', '10.0.0.1', 'queue:8080', 'board.example']) {
    assert.ok(changes({ ...mozilla, host, origin: `http://${host}` }), host);
    assert.ok(changes({ ...mozilla, host, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }));
  }
  assert.ok(changes({ ...mozilla, host: local, origin: 'https://console.example' }));
  const crossOrigin = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
  assert.ok(changes({ ...mozilla, host: local, origin: 'https://console.example', ...crossOrigin }));
});

test('pages of others may do nothing: by origin, or embedded', () => {
  for (const origin of [
    'https://evil.example',
    'http://localhost:3000',
    'null',
    'file://',
    'http://localhost:8080.evil.example',
  ]) {
    assert.not.ok(reads({ ...mozilla, host: local, origin }), origin);
    assert.not.ok(reads({ host: local, origin }), 'without the name of the browser as well');
  }
  for (const site of ['cross-site', 'same-site']) {
    for (const mode of ['no-cors', 'cors', 'websocket']) {
      assert.not.ok(reads({ ...mozilla, host: local, 'sec-fetch-site': site, 'sec-fetch-mode': mode }));
    }
  }
});

test('a browser that names no page may look and not change: an iframe, a link, an address that was typed', () => {
  for (const site of ['cross-site', 'same-site', 'same-origin', 'none']) {
    const navigates = { ...mozilla, host: local, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
    assert.ok(reads(navigates), site);
    assert.not.ok(changes(navigates), site);
  }
  assert.not.ok(changes({ host: local, 'sec-fetch-site': 'none' }));
  assert.not.ok(changes({ host: local, 'sec-fetch-site': 'nonsense' }));
  // Plain HTTP to another host than localhost: browsers leave out sec-fetch-*.
  assert.ok(reads({ ...mozilla, host: '10.0.0.1:8080' }));
  assert.not.ok(changes({ ...mozilla, host: '10.0.0.1:8080' }));
  assert.ok(changes({ ...mozilla, host: '10.0.0.1:8080', origin: 'http://10.0.0.1:8080' }));
});

test('addresses, localhost, names without a dot and names that are known are this node; others are not', () => {
  for (const host of [
    ...['127.0.0.1', '127.0.0.1:8080', '172.19.0.1:8080', '[::1]:8080', '[fe80::1]', '0.0.0.0:1'],
    ...['localhost', 'LOCALHOST:8080', 'localhost.', 'broker-7:8080', 'callboard', 'gateway'],
    ...['node.internal', 'NODE.internal.:80', 'board.example:443'],
  ]) {
    assert.ok(asks(host), host);
  }
  for (const host of [
    ...['evil.example', 'evil.example:8080', 'localhost.evil.example', '127.0.0.1.evil.example'],
    ...['node.internal.evil.example', 'xnode.internal', 'a.b', '127.1', '1.2.3.4.5'],
  ]) {
    assert.not.ok(asks(host), host);
  }
  assert.not.ok(asks(local, 'http://evil.example/topics'), 'the target goes before the header');
  assert.ok(asks('evil.example', 'http://localhost:8080/topics'));
  const refusal = policy.foreignHost(request({ host: 'queue.example:8080' }));
  assert.is(refusal?.code, 'host_refused');
  assert.match(refusal?.message ?? '', /--allow-host queue\.example /);
});

test('a request has one host, and one that can be one', () => {
  const malformed = (headers: Headers, version?: string): string | undefined =>
    policy.malformed(request(headers, '/', version))?.code;
  assert.is(malformed({ host: local }), undefined);
  assert.is(malformed({}, '1.0'), undefined);
  assert.is(malformed({}), 'bad_request');
  for (const host of [
    '',
    ' ',
    'a b',
    'a:b:c',
    'user@host',
    'a/b',
    '[::1',
    '[evil]',
    'host:999999',
    'http://x',
  ]) {
    assert.is(malformed({ host }), 'bad_request', host);
  }
  const two = { ...request({ host: local }), rawHeaders: ['Host', local, 'hOST', local] };
  assert.is(policy.malformed(two)?.code, 'bad_request');
});

test('refusals are told once a minute for each origin and host, and never more than a few', () => {
  const { policy: own, told, clock } = policyOf();
  const knock = (origin: string): void => void own.foreignPage(request({ host: local, origin }), true);
  for (let time = 0; time < 3; time += 1) knock('https://evil.example');
  own.foreignHost(request({ host: 'evil.example' }));
  assert.equal(told, ['origin_refused https://evil.example', 'host_refused evil.example']);
  for (let at = 0; at < 1_000; at += 1) knock(`https://evil-${at}.example`);
  assert.ok(told.length <= 64);
  clock.now = 60_001;
  knock('https://evil.example');
  assert.is(told.at(-1), 'origin_refused https://evil.example');
});

test.run();
