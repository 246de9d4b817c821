// Whom a request counts for: a stranger must not be able to choose that himself.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClientAddresses, shareOwner } from '../../src/transport/client-address.ts';

function owner(trusted: readonly string[], remoteAddress: string, forwarded?: string): string {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return new ClientAddresses(trusted).of({ socket: { remoteAddress } as never, headers });
}

test('without a trusted proxy it is the other end of the socket, whatever the header says', () => {
  assert.is(owner([], '203.0.113.9'), '203.0.113.9');
  assert.is(owner([], '203.0.113.9', '198.51.100.1'), '203.0.113.9');
  assert.is(owner(['10.0.0.1'], '203.0.113.9', '198.51.100.1'), '203.0.113.9');
});

test('behind trusted proxies it is the last one whom a trusted proxy names', () => {
  const proxies = ['10.0.0.0/8', '::1', 'fd00::/8'];
  assert.is(owner(proxies, '10.1.2.3', '198.51.100.1'), '198.51.100.1');
  assert.is(owner(proxies, '::ffff:10.1.2.3', '198.51.100.1'), '198.51.100.1');
  assert.is(owner(proxies, '10.1.2.3', '198.51.100.1, 10.9.9.9'), '198.51.100.1');
  assert.is(owner(proxies, '10.1.2.3', '1.1.1.1, 198.51.100.1'), '198.51.100.1', 'the first is his own word');
  assert.is(owner(proxies, 'fd00::7', '198.51.100.1'), '198.51.100.1');
  assert.is(owner(proxies, '10.1.2.3'), '10.1.2.3', 'the proxy itself');
  assert.is(owner(proxies, '10.1.2.3', '10.1.1.1, 10.2.2.2'), '10.1.1.1', 'a client inside');
});

test('what is no address names nobody: the one before it counts', () => {
  for (const nonsense of [
    '',
    ' ',
    'unknown',
    'localhost',
    '1.2.3',
    '_secret',
    ',,,',
    '999.1.1.1',
    'x'.repeat(9_999),
  ]) {
    assert.is(owner(['10.0.0.1'], '10.0.0.1', nonsense), '10.0.0.1', nonsense.slice(0, 20));
    assert.is(owner(['10.0.0.1'], '10.0.0.1', `${nonsense}, 198.51.100.1`), '198.51.100.1');
  }
  assert.is(owner(['10.0.0.1'], '10.0.0.1', '198.51.100.1:4711'), '198.51.100.1');
  assert.is(owner(['10.0.0.1'], '10.0.0.1', '[2001:db8::1]:4711'), '2001:db8:0:0::/64');
});

test('an IPv6 network is one owner, however its addresses are numbered and written', () => {
  for (const address of [
    '2001:db8:1:2::1',
    '2001:0DB8:1:2:ffff::',
    '2001:db8:1:2:3:4:5:6',
    '2001:db8:1:2::5%eth0',
  ]) {
    assert.is(shareOwner(address), '2001:db8:1:2::/64', address);
  }
  assert.is(shareOwner('::1'), '0:0:0:0::/64');
  assert.is(shareOwner('2001:db8::'), '2001:db8:0:0::/64');
  assert.is(shareOwner('::ffff:192.0.2.1'), '192.0.2.1');
  assert.is(shareOwner('192.0.2.1'), '192.0.2.1');
});

test.run();
