// weight: heavy
// timeout: 1800 s
/**
 * A stranger's requests: mutations of sound ones, each on a connection of its own with a sound one behind it. Whatever comes, a healthy client
 * goes on, each connection is answered and ends, and no actor of the node fails.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../lib/api.ts';
import { full, repeats } from '../lib/effort.ts';
import { SplitMix } from '../protocol/random.ts';
import type { Attacker } from './lib/attacker.ts';
import { besides } from './lib/besides.ts';
import { onTarget } from './lib/target.ts';

const test = suite('security: mutated requests');
const target = onTarget(test);

const most = repeats(2_000, 200_000);
const atOnce = 48;
/** A connection on which nothing has come for so long waits for more of a request: it is told that there is none. */
const quietMs = 1_000;
/** Who says so gives up the answers that are still being worked for; so a request that is surely whole is given the time of its call. */
const callMs = 10_000;
const seed = Number(process.env['FUZZ_SEED'] ?? (full ? Date.now() % 1_000_000 : 20_260_102));

/** 101 for upgrades that are still sound; 408 for what was cut off in its middle. */
const told: ReadonlySet<number> = new Set([
  ...[101, 200, 304, 400, 403, 404, 405, 408, 413, 417, 426, 429, 431, 503],
  // Leave to send a body.
  100,
]);

const names = { topic: 'fuzzed', producer_id: 'a'.repeat(32), consumer_id: 'b'.repeat(32) };
const json = (body: object): string => JSON.stringify({ ...names, ...body });

function request(method: string, path: string, body = '', ...headers: readonly string[]): string {
  const type = body === '' ? [] : ['content-type: application/json', `content-length: ${body.length}`];
  return [`${method} ${path} HTTP/1.1`, 'host: localhost', ...headers, ...type, '', body].join('\r\n');
}

const chunked =
  '\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n10\r\n{"topic":"fuzzed"\r\n1\r\n}\r\n0\r\n\r\n';
const wish = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];

const sound: readonly string[] = [
  request('GET', '/topics'),
  request('GET', '/status'),
  request('GET', '/status/topics?after=a'),
  request('GET', '/', '', 'accept: text/html'),
  request('GET', `/consumer/consume?topic=fuzzed&consumer_id=${names.consumer_id}&partition_index=0`),
  request('GET', '/size', json({ partition_index: 1.5 })),
  request(
    'POST',
    '/producer/produce',
    json({ message: 'mutated \\u0001 \u00e4', partition_index: 0, sequence: 7 }),
  ),
  request('POST', '/producer/register', json({})),
  request('POST', '/topics', '{"name":[1,{"a":null}],"number_of_partitions":"2"}'),
  // Not a wrong token: its answer waits on purpose, and who ends its side before an answer gets none.
  request('POST', '/admin/broker/activate', '{"broker_host":1,"token":"no"}'),
  request('POST', '/consumer/register', json({}), 'expect: 100-continue'),
  request(
    'GET',
    '/topics',
    '',
    'origin: http://evil.example',
    'user-agent: Mozilla/5.0',
    'sec-fetch-site: none',
  ),
  request('GET', '/topics', '', 'connection: upgrade', 'upgrade: h2c'),
  request('GET', '/client', '', ...wish, 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='),
  request('GET', '/peer', '', ...wish, 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='),
  `POST /consumer/register HTTP/1.1\r\nhost: localhost${chunked}`,
];

/** What is put in between two lines of a head. */
const lines: readonly string[] = [
  ...[
    'host: localhost',
    'host: evil.example',
    'host:',
    'content-length: 5',
    'content-length: -1',
    'content-length: 0',
  ],
  ...['transfer-encoding: chunked', 'transfer-encoding: identity', 'expect: 100-continue', 'expect: x'],
  ...[
    'connection: close',
    'connection: upgrade',
    'upgrade: websocket',
    'content-type: text/plain',
    ' folded',
    ': none',
  ],
  ...[
    'x-forwarded-for: 1.2.3.4',
    'origin: null',
    'sec-fetch-site: cross-site',
    `x: ${'y'.repeat(20_000)}`,
    'a\0b: c',
  ],
];

function mutated(random: SplitMix): Buffer {
  const parts = random.pick(sound).split('\r\n');
  if (random.chance(0.5)) parts.splice(1 + random.below(parts.length), 0, random.pick(lines));
  if (random.chance(0.1)) parts.splice(random.below(parts.length), 1);
  const bytes = Buffer.from(parts.join('\r\n'), 'latin1');
  return random.chance(0.7) ? Buffer.from(random.mutate(bytes)) : bytes;
}

const last = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

/** Its body is as long as it says, whatever else is wrong with it. */
function isWhole(bytes: Buffer): boolean {
  const [head = '', ...rest] = bytes.toString('latin1').split('\r\n\r\n');
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  return Number(length ?? 0) === rest.join('\r\n\r\n').length;
}

async function sendOne(attacker: Attacker, random: SplitMix): Promise<void> {
  const bytes = mutated(random);
  const line = await attacker.line(Buffer.concat([bytes, Buffer.from(last)]));
  line.socket.setTimeout(isWhole(bytes) ? callMs : quietMs, () => line.socket.end());
  if (!line.closed) await new Promise((resolve) => line.socket.once('close', resolve));
  const shown = JSON.stringify(bytes.toString('latin1').slice(0, 2_000));
  assert.ok(line.statuses.length > 0, `not answered: ${shown}`);
  for (const status of line.statuses) assert.ok(told.has(status), `answered with ${status}: ${shown}`);
  attacker.forget(line);
}

test('each mutated request is answered, and nobody else notices', async () => {
  process.stdout.write(`requests fuzz seed ${seed}\n`);
  const api = new Api(target().url);
  await api.createTopic('fuzzed', 2);
  await besides(target(), async (attacker) => {
    let sent = 0;
    const lane = async (): Promise<void> => {
      while (sent < most) await sendOne(attacker, new SplitMix(seed + (sent += 1)));
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  });
  await api.close();
  const { actors } = (await target().status()) as {
    readonly actors?: readonly { readonly id: string; readonly restarts: number }[];
  };
  assert.equal(
    actors?.filter(({ restarts }) => restarts > 0),
    [],
    'no actor has failed',
  );
});

test.run();
