import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shareOwner } from '../../src/transport/client-address.ts';
import { KnownAddresses } from '../../src/transport/known-addresses.ts';

test('knows this machine, addresses that are configured, and those that it has learned', () => {
  const known = new KnownAddresses(['10.0.0.2', '[2001:db8::5]', 'broker-3']);
  const has = (address: string): boolean => known.has(shareOwner(address));
  const ours = ['127.0.0.1', '::ffff:127.0.0.1', '::1', '10.0.0.2', '2001:db8::77'];
  for (const address of ours) assert.ok(has(address));
  for (const address of ['127.0.0.2', '10.0.0.3', '2001:db8:1::5', 'broker-3', '']) assert.not(has(address));
  known.learn(shareOwner('172.19.0.4'));
  assert.ok(has('172.19.0.4'));
  for (let n = 0; n < 255; n += 1) known.learn(`10.1.0.${n}`);
  assert.ok(has('172.19.0.4'));
  known.learn('172.19.0.4');
  known.learn('10.1.1.0');
  assert.ok(has('172.19.0.4'), 'it was heard of again');
  assert.not(has('10.1.0.0'));
});

test.run();
