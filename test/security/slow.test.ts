// weight: heavy
// timeout: 120 s
/** Requests that come slowly or not at all, and answers that nobody takes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { repeats } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';
import { besides } from './lib/besides.ts';
import { onTarget } from './lib/target.ts';

const test = suite('security: slow requests');
const target = onTarget(test);

function post(length: number): string {
  const head = ['POST /producer/produce HTTP/1.1', 'host: localhost', 'content-type: application/json'];
  return `${head.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n`;
}

test('bodies that are promised and do not come take up nothing', async () => {
  await besides(target(), async (attacker, healthy) => {
    const lines = await attacker.lines(repeats(64, 320), `${post(2 << 20)}x`);
    await healthy.worksOn(10);
    assert.ok(lines.every(({ closed }) => !closed));
  });
});

test('bodies that come in parts up to the bound of all leave the others their share', async () => {
  await besides(target(), async (attacker, healthy) => {
    // 48 bodies of nearly 2 MiB: more than all bodies may have together.
    const lines = await attacker.lines(48, post(2 << 20));
    for (const line of lines) line.send('x'.repeat(2_000_000));
    const refused = await eventually('some of them are refused', () =>
      lines.find(({ statuses }) => statuses.length > 0),
    );
    assert.equal(refused.statuses, [400]);
    await eventually('all of that answer came', () => refused.text.includes('"overloaded"'));
    await healthy.worksOn(10);
  });
});

test('heads that come slowly keep nobody out, on any path', async () => {
  await besides(target(), async (attacker, healthy) => {
    const lines = await attacker.lines(repeats(600, 2_600), 'GET /topics HTTP/1.1\r\nhost: local');
    await healthy.worksOn(10);
    // A new client gets in, over HTTP and over the wire.
    const api = new Api(target().url);
    assert.is((await api.call('GET', '/topics')).status, 200);
    await api.close();
    (await attacker.client('127.0.0.1')).close();
    for (const line of lines) line.send('host\r\n\r\n');
    await eventually('whoever finishes in time is answered', () =>
      lines.every(({ closed, statuses }) => closed || statuses.length > 0),
    );
    assert.ok(lines.some(({ statuses }) => statuses[0] === 200));
  });
});

test('who asks for page after page and reads none gets no more than fits its connection', async () => {
  await besides(target(), async (attacker, healthy) => {
    const pages = 'GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(250);
    const lines = await attacker.lines(4);
    for (const line of lines) line.mute().send(pages);
    await healthy.worksOn(20);
    // Who reads in the end finds answers and refusals, in order, and one for each.
    for (const { socket } of lines) socket.resume();
    await eventually('all are answered', () => lines.every(({ statuses }) => statuses.length === 250));
    for (const { statuses } of lines) {
      assert.is(statuses[0], 200);
      assert.ok(statuses.every((status) => status === 200 || status === 503));
    }
  });
});

test.run();
