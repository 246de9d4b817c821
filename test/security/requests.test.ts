// weight: heavy
/** Requests that are not what they seem: under foreign names, from foreign pages, with wishes and bytes that do not belong to them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { eventually } from '../lib/eventually.ts';
import { openConsumer } from '../lib/push-reader.ts';
import { RawClient } from '../lib/raw-client.ts';
import { besides } from './lib/besides.ts';
import type { Line } from './lib/attacker.ts';
import { onTarget } from './lib/target.ts';

const test = suite('security: requests');
const target = onTarget(test);

const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

function get(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n');
}

function codeIn({ text }: Line): unknown {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return body.startsWith('{') ? (JSON.parse(body) as { readonly code?: unknown }).code : undefined;
}

test('a name of others is refused, whoever asks; names of this node, addresses and probes are not', async () => {
  await besides(target(), async (attacker) => {
    const { port } = target();
    const program = ['user-agent: curl/8.5.0', 'connection: close'];
    for (const host of ['evil.example', `evil.example:${port}`, 'EVIL.example.', 'localhost.evil.example']) {
      const line = await attacker.ask(get('/topics', `host: ${host}`, ...program));
      await eventually('all of the answer came', () => line.closed);
      assert.equal([line.statuses, codeIn(line)], [[403], 'host_refused'], host);
      assert.ok(line.text.includes('--allow-host'), host);
    }
    const absolute = await attacker.ask(get('http://evil.example/topics', 'host: localhost', ...program));
    assert.equal(absolute.statuses, [403]);
    const own = ['localhost', '127.0.0.1', '172.19.0.1', '[::1]', 'gateway', 'broker-1', `broker-2:${port}`];
    for (const host of own) {
      assert.equal((await attacker.ask(get('/topics', `host: ${host}`, ...program))).statuses, [200], host);
    }
    for (const probe of ['/healthz', '/readyz']) {
      assert.equal((await attacker.ask(get(probe, 'host: evil.example', ...program))).statuses, [200], probe);
    }
    assert.equal((await attacker.ask('GET /topics HTTP/1.0\r\n\r\n')).statuses, [200]);
  });
});

test('a frame in a foreign page takes no record', async () => {
  const { cluster, port } = target();
  const api = new Api(cluster.node(0).url);
  await api.createTopic('framed', 1);
  const [producer, consumer] = [await api.registerProducer('framed'), await api.registerConsumer('framed')];
  await api.produce({ topic: 'framed', producer, message: 'mine' });
  await besides(target(), async (attacker) => {
    const path = `/consumer/consume?topic=framed&consumer_id=${consumer}`;
    const browser = [`host: localhost:${port}`, `user-agent: ${chrome}`, 'connection: close'];
    const foreign: readonly (readonly string[])[] = [
      ['sec-fetch-site: cross-site', 'sec-fetch-mode: navigate', 'sec-fetch-dest: iframe'],
      ['sec-fetch-site: same-site', 'sec-fetch-mode: no-cors', 'sec-fetch-dest: image'],
      ['sec-fetch-site: none', 'sec-fetch-mode: navigate', 'sec-fetch-dest: document'],
      ['sec-fetch-site: same-origin', 'sec-fetch-mode: navigate'],
      ['origin: http://evil.example'],
      ['origin: null'],
      // Over plain HTTP, to another host than localhost, browsers send none of those.
      [],
    ];
    for (const headers of foreign) {
      const line = await attacker.ask(get(path, ...browser, ...headers));
      await eventually('all of the answer came', () => line.closed);
      assert.equal([line.statuses, codeIn(line)], [[403], 'origin_refused'], headers.join());
      assert.ok(line.text.includes('--allowed-origins'), headers.join());
    }
  });
  const got = await api.consume({ topic: 'framed', consumer });
  assert.equal(got, { kind: 'record', message: 'mine', partition: 0 });
  await api.close();
});

test("the address of a durable consumer's next record gives nobody its records", async () => {
  const api = new Api(target().url);
  await api.createTopic('named', 1);
  const producer = await api.registerProducer('named');
  await api.produce({ topic: 'named', producer, message: 'mine' });
  const owner = await RawClient.connect(target().wire());
  // One of them looks like an id that HTTP has given.
  const names = ['billing', 'ab'.repeat(16)];
  for (const name of names) await openConsumer(owner, 'named', name);
  await besides(target(), async (attacker) => {
    for (const name of names) {
      for (const index of ['', '&partition_index=0']) {
        const path = `/consumer/consume?topic=named&consumer_id=${name}${index}`;
        const line = await attacker.ask(get(path, 'host: localhost', 'connection: close'));
        await eventually('all of the answer came', () => line.closed);
        assert.equal([line.statuses, codeIn(line)], [[400], 'consumer_not_registered'], name);
        assert.ok(line.text.includes('Consumer not registered with topic.'));
      }
    }
  });
  // What it has not taken is still counted, and an id that HTTP gave may be opened for push as well.
  for (const name of names) assert.is((await api.sizes({ topic: 'named', consumer: name })).get(0), 1);
  const registered = await api.registerConsumer('named');
  await openConsumer(owner, 'named', registered);
  const got = await api.consume({ topic: 'named', consumer: registered });
  assert.equal(got, { kind: 'record', message: 'mine', partition: 0 });
  owner.close();
  await api.close();
});

test('a wish for another protocol is ignored, and the body that comes with it is read', async () => {
  const api = new Api(target().url);
  await api.createTopic('wished', 1);
  const producer = await api.registerProducer('wished');
  await besides(target(), async (attacker) => {
    const json = JSON.stringify({ topic: 'wished', producer_id: producer, message: 'm' });
    const wishes = ['h2c', 'TLS/1.0, HTTP/1.1', 'websocket', 'x'];
    for (const [offset, wish] of wishes.entries()) {
      const head = [
        'POST /producer/produce HTTP/1.1',
        'host: localhost',
        'content-type: application/json',
        `content-length: ${json.length}`,
        'connection: Upgrade, HTTP2-Settings',
        `upgrade: ${wish}`,
        'http2-settings: AAMAAABkAARAAAAAAAIAAAAA',
      ];
      // The body apart from its head: nobody may depend on how bytes arrive.
      const line = await attacker.line(`${head.join('\r\n')}\r\n\r\n${json.slice(0, 7)}`);
      line.send(json.slice(7));
      await eventually('the produce is answered', () => line.text.includes('"status"'));
      assert.equal(line.statuses, [200], wish);
      assert.ok(line.text.includes(`"offset":${offset}`), line.text);
      // The connection serves on.
      line.send(get('/topics', 'host: localhost'));
      await eventually('the next is answered', () => line.statuses.length === 2);
      assert.equal(line.statuses, [200, 200]);
    }
    const unknown = await attacker.ask(
      get('/none', 'host: localhost', 'connection: upgrade', 'upgrade: websocket'),
    );
    await eventually('all of the answer came', () => unknown.text.includes('}'));
    assert.equal([unknown.statuses, codeIn(unknown)], [[404], 'bad_request']);
  });
  await api.close();
});

test('a request with stray bytes behind it is answered, and the bytes with 400', async () => {
  const api = new Api(target().url);
  await api.createTopic('strayed', 1);
  const producer = await api.registerProducer('strayed');
  await besides(target(), async (attacker) => {
    const json = JSON.stringify({ topic: 'strayed', producer_id: producer, message: 'm' });
    const head = `POST /producer/produce HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
    const whole = `${head}content-length: ${json.length}\r\n\r\n${json}`;
    for (const [offset, stray] of [
      'stray bytes\r\n\r\n',
      '}',
      '\0\0\0\0',
      '\u00ff'.repeat(9_000),
    ].entries()) {
      const line = await attacker.ask(whole + stray);
      await eventually('the connection is closed', () => line.closed);
      assert.equal(line.statuses, [200, 400], JSON.stringify(stray.slice(0, 20)));
      assert.ok(line.text.includes(`"offset":${offset}`), line.text);
    }
    const short = await attacker.line(`${head}content-length: ${json.length + 5}\r\n\r\n${json}`);
    short.socket.end();
    await eventually('the connection is closed', () => short.closed);
    assert.equal(short.statuses, [400]);
  });
  await api.close();
});

test('two hosts, no host and what is none are refused, and so is the upgrade of a request with a body', async () => {
  await besides(target(), async (attacker) => {
    const two = ['host: localhost', 'host: localhost'];
    const bad = [
      two,
      ['host: localhost', 'Host: evil.example'],
      ['host:'],
      ['host: a b'],
      ['host: http://a/'],
      [],
    ];
    for (const headers of bad) {
      for (const path of ['/topics', '/healthz', '/none']) {
        const line = await attacker.ask(get(path, ...headers));
        await eventually('the connection is closed', () => line.closed);
        assert.equal([line.statuses, codeIn(line)], [[400], 'bad_request'], `${path} ${headers.join()}`);
      }
    }
    const wish = [
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
    ];
    for (const path of ['/client', '/peer']) {
      for (const body of ['content-length: 3', 'transfer-encoding: chunked']) {
        const line = await attacker.ask(get(path, 'host: localhost', ...wish, body));
        assert.equal(line.statuses, [400], `${path} ${body}`);
      }
      for (const headers of bad) {
        assert.equal((await attacker.ask(get(path, ...headers, ...wish))).statuses, [400], path);
      }
      const line = await attacker.ask(get(path, 'host: localhost', ...wish));
      assert.equal(line.statuses, [101], path);
    }
  });
});

test.run();
