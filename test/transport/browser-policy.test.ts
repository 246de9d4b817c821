// What a hostile web page in a browser beside a node can do: nothing. Programs are never asked who they are.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { browserRefusal } from '../../src/transport/browser-policy.ts';
import { openDoor } from '../doors/http/kit.ts';
import { forgetConnections, send } from '../doors/http/client.ts';

const listed = ['https://console.example', 'http://board.example:8080'];
const mozilla = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
const local = 'localhost:8080';

function refused(headers: Record<string, string>): boolean {
  return browserRefusal(headers, listed) !== undefined;
}

test('programs are taken, whatever they call the node', () => {
  for (const host of [local, 'broker-1:8080', 'queue.internal', '']) {
    assert.not.ok(refused({ host }));
    assert.not.ok(refused({ host, 'user-agent': 'curl/8.5.0' }));
  }
});

test('pages of the node itself and listed ones are taken', () => {
  for (const host of [local, '127.0.0.1:8080', '[::1]:8080', '10.0.0.1']) {
    assert.not.ok(refused({ ...mozilla, host, origin: `http://${host}` }));
    assert.not.ok(refused({ ...mozilla, host, 'sec-fetch-site': 'same-origin' }));
    assert.not.ok(refused({ ...mozilla, host, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }));
  }
  assert.not.ok(refused({ ...mozilla, host: local, origin: 'https://console.example' }));
  assert.not.ok(refused({ ...mozilla, host: 'board.example:8080' }), 'a name that is listed');
});

test('pages of others are not: by origin, embedded, or under a name that was made to point here', () => {
  for (const origin of [
    'https://evil.example',
    'http://localhost:3000',
    'null',
    'file://',
    'http://localhost:8080.evil.example',
  ]) {
    assert.ok(refused({ ...mozilla, host: local, origin }), origin);
    assert.ok(refused({ host: local, origin }), 'without the name of the browser as well');
  }
  assert.ok(
    refused({ ...mozilla, host: local, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }),
  );
  assert.ok(refused({ ...mozilla, host: local, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }));
  assert.ok(refused({ ...mozilla, host: 'evil.example:8080' }));
  assert.ok(refused({ ...mozilla, host: 'evil.example:8080', origin: 'http://evil.example:8080' }));
  assert.not.ok(
    refused({ ...mozilla, host: local, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }),
  );
});

test('the door refuses such calls with 400, and the status with 403; a page under no name of ours reads nothing', async () => {
  let asked = 0;
  const door = await openDoor({
    answering: (_, answer) => {
      asked += 1;
      answer({ value: { op: 'topics', names: [] } });
    },
    door: { refusal: (headers) => browserRefusal(headers, listed) },
  });
  try {
    const headers = { origin: 'https://evil.example' };
    const call = await send(door.base, { method: 'GET', path: '/topics', headers });
    assert.equal([call.status, call.body['code'], call.body['outcome']], [400, 'auth_failed', 'not_applied']);
    const create = await send(door.base, { method: 'POST', path: '/topics', body: { name: 'x' }, headers });
    assert.equal([create.status, create.headers['access-control-allow-origin']], [400, undefined]);
    for (const path of ['/status', '/status/topics']) {
      assert.is((await send(door.base, { method: 'GET', path, headers })).status, 403, path);
    }
    assert.is((await send(door.base, { method: 'GET', path: '/healthz', headers })).status, 200);
    assert.is(asked, 0);
    assert.is((await send(door.base, { method: 'GET', path: '/topics' })).status, 200);
  } finally {
    forgetConnections();
    await door.close();
  }
});

test.run();
