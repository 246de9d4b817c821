/** Which pages may connect to a node. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HostNames } from '../../src/transport/host-names.ts';
import { mayConnect } from '../../src/transport/origins.ts';

const test = suite('origins');
const listed = ['https://console.example'];
const names = new HostNames(['board.example']);

test('programs and listed pages may connect', () => {
  assert.ok(mayConnect(undefined, 'anything', listed, names));
  assert.ok(mayConnect('https://console.example', '10.0.0.1:8080', listed, names));
});

test('the page that came from the same address, under a name that is known, may connect', () => {
  for (const [origin, host] of [
    ['http://localhost:8080', 'localhost:8080'],
    ['http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['http://127.0.0.1', '127.0.0.1'],
    ['http://127.0.0.1', '127.0.0.1:80'],
    ['https://10.0.0.1', '10.0.0.1'],
    ['http://[::1]:8080', '[::1]:8080'],
    ['http://localhost:8080', 'LOCALHOST:8080'],
    ['http://board.example:8080', 'board.example:8080'],
    ['http://queue:8080', 'queue:8080'],
  ] as const) {
    assert.ok(mayConnect(origin, host, listed, names), `${origin} ${host}`);
  }
});

test('A14: no other page may, neither under a name that points here nor from another port', () => {
  for (const [origin, host] of [
    ['http://evil.example:8080', 'evil.example:8080'],
    ['http://evil.example', '127.0.0.1:8080'],
    ['http://localhost:3000', 'localhost:8080'],
    ['http://127.0.0.1:8080', 'localhost:8080'],
    ['http://localhost', '127.0.0.1'],
    ['http://localhost.evil.example:8080', 'localhost.evil.example:8080'],
    ['http://127.0.0.1.evil.example', '127.0.0.1.evil.example'],
    ['http://localhost:8080', undefined],
    ['http://localhost:8080', ''],
    ['null', 'null'],
    ['', ''],
    ['file://', ''],
    ['file://localhost', 'localhost'],
    ['chrome-extension://localhost', 'localhost'],
    ['http://localhost:8080/', 'localhost:8080'],
    ['http://a@localhost:8080', 'localhost:8080'],
  ] as const) {
    assert.not.ok(mayConnect(origin, host, listed, names), `${origin} ${String(host)}`);
  }
});

test.run();
