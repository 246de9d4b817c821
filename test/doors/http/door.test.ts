// The door with gateways that misbehave, and what lies below the contract: limits, broken clients, closing.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { errorCodes, failure } from '@callboard/client/protocol';
import type { ErrorCode } from '@callboard/client/protocol';
import type { GatewayMessage } from '../../../src/actors/gateway/messages.ts';
import { refTo } from '../../../src/kernel/index.ts';
import { answersIn, forgetConnections, raw, send } from './client.ts';
import type { Answer } from './client.ts';
import { adminToken, gatewayActor, openDoor } from './kit.ts';
import type { Answering, TestDoor, TestDoorOptions } from './kit.ts';

const names: Answering = (_, answer) => answer({ value: { op: 'topics', names: [] } });
const silent: Answering = () => undefined;

async function withDoor(options: TestDoorOptions, run: (door: TestDoor) => Promise<void>): Promise<void> {
  const door = await openDoor(options);
  try {
    await run(door);
  } finally {
    forgetConnections();
    await door.close();
  }
}

const topics = (door: TestDoor): Promise<Answer> => send(door.base, { method: 'GET', path: '/topics' });
const consume = (door: TestDoor, more: object = {}): Promise<Answer> =>
  send(door.base, {
    method: 'GET',
    path: '/consumer/consume',
    body: { topic: 't', consumer_id: 'c', ...more },
  });

/** A connection on which something has been sent. */
function opened(door: TestDoor, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: door.port });
    socket.on('error', reject);
    socket.write(text, () => resolve(socket));
  });
}

/** Repeats a call until its answer is of the wanted kind. */
async function until(call: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await call();
    if (wanted(answer)) return answer;
  }
}

test('a record that is no text comes as base64 and says so', async () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0xc3);
  const answering: Answering = (_, answer) =>
    answer({ value: { op: 'consume', partition: 3, offset: 0, value: bytes } });
  await withDoor({ answering }, async (door) => {
    const { body } = await consume(door);
    assert.equal(body, { status: 'success', message: '/wDD', partition_read: 3, encoding: 'base64' });
  });
});

test('each code has the contract’s text where the contract has one, and its own elsewhere', async () => {
  const own = 'A text of its own, with the values.';
  const produce = { topic: 't', producer_id: 'p', message: 'm' };
  const read = { topic: 't', consumer_id: 'c' };
  const admin = { broker_host: 'b', token: adminToken };
  const endpoints: readonly (readonly [string, string, object, Partial<Record<ErrorCode, string>>])[] = [
    ['GET', '/topics', {}, {}],
    [
      'POST',
      '/topics',
      { name: 'x' },
      { topic_exists: 'Topic already exists.', not_enough_brokers: 'Not enough active brokers.' },
    ],
    ['POST', '/producer/register', { topic: 'x' }, { not_enough_brokers: 'Not enough active brokers.' }],
    ['POST', '/consumer/register', { topic: 'x' }, { topic_not_found: 'Topic does not exist.' }],
    [
      'POST',
      '/producer/produce',
      produce,
      {
        topic_not_found: 'Topic does not exist.',
        producer_not_registered: 'Producer not registered with topic.',
        invalid_partition: 'Invalid Partition Number.',
        no_active_brokers: 'No active brokers for partition.',
      },
    ],
    ...(
      [
        ['/consumer/consume', {}, { empty_partition: 'No new messages to read on any partition' }],
        [
          '/consumer/consume',
          { partition_index: 0 },
          { empty_partition: 'No messages to read from this partition' },
        ],
        ['/size', {}, {}],
      ] as const
    ).map(([path, more, texts]) => {
      const all = {
        topic_not_found: 'Topic does not exist.',
        invalid_partition: 'Invalid partition number.',
        consumer_not_registered: 'Consumer not registered with topic.',
        unavailable: 'Unable to serve this request',
        ...texts,
      };
      return ['GET', path, { ...read, ...more }, all] as const;
    }),
    ['POST', '/admin/broker/add', admin, { broker_exists: 'Broker with hostname already exists.' }],
    ['POST', '/admin/broker/remove', admin, { broker_not_found: 'Broker with hostname not present.' }],
    ['POST', '/admin/broker/activate', admin, { broker_not_found: 'Broker with hostname does not exist.' }],
    ['POST', '/admin/broker/deactivate', admin, { broker_not_found: 'Broker with hostname does not exist.' }],
  ];
  let code: ErrorCode = 'internal';
  const answering: Answering = (_, answer) =>
    answer({ error: failure(code, { message: own, outcome: 'unknown', retryAfterMs: 7 }) });
  await withDoor({ answering }, async (door) => {
    for (const [method, path, body, texts] of endpoints) {
      for (code of errorCodes) {
        const answer = await send(door.base, { method, path, body });
        const expected = {
          status: 'failure',
          message: texts[code] ?? own,
          code,
          outcome: 'unknown',
          retryAfterMs: 7,
        };
        assert.equal([answer.status, answer.body], [400, expected], `${method} ${path} ${code}`);
      }
    }
  });
});

test('without a gateway calls are unavailable and certainly not carried out', async () => {
  await withDoor({ answering: undefined }, async (door) => {
    const { status, body } = await topics(door);
    assert.equal([status, body['code'], body['outcome']], [400, 'unavailable', 'not_applied']);
    assert.is((await consume(door)).body['message'], 'Unable to serve this request');
  });
});

test('calls that a gateway had when it ended are in doubt, and its successor serves', async () => {
  let arrived = (): void => undefined;
  const here = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await withDoor({ answering: () => arrived() }, async (door) => {
    const pending = topics(door);
    await here;
    door.system.stop(refTo('n1', 'gateway'));
    const { body } = await pending;
    assert.equal([body['code'], body['outcome']], ['unavailable', 'unknown']);
    door.system.spawn<GatewayMessage>('gateway', () => gatewayActor(names));
    assert.is((await topics(door)).status, 200);
  });
});

test('a gateway that does not answer does not keep anybody waiting for ever', async () => {
  await withDoor({ answering: silent, limits: { callDeadlineMs: 20 } }, async (door) => {
    const { status, body } = await topics(door);
    assert.equal([status, body['code'], body['outcome']], [400, 'timeout', 'unknown']);
  });
});

test('the gateway is given less time than the caller has', async () => {
  const deadlines: number[] = [];
  const answering: Answering = (message, answer) => {
    deadlines.push(message.deadlineMs);
    names(message, answer);
  };
  await withDoor({ answering }, async (door) => {
    await topics(door);
    assert.equal(deadlines, [4_900]);
  });
});

test('a gateway without room makes calls overloaded', async () => {
  await withDoor({ answering: names, limits: { gatewayPendingCalls: 1 } }, async (door) => {
    const one = 'GET /topics HTTP/1.1\r\nhost: a\r\n\r\n';
    const text = await raw(
      door.base,
      `${one}${one}GET /topics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
    );
    const codes = answersIn(text).map(({ body }) => body['code'] ?? 'ok');
    assert.equal(codes, ['ok', 'overloaded', 'overloaded']);
    assert.is(answersIn(text)[1]?.body['retryAfterMs'], 250);
  });
});

test('an answer that makes no sense is an internal error, told and noted', async () => {
  let value: 'nothing' | 'wrong' = 'nothing';
  const answering: Answering = (_, answer) => answer(value === 'nothing' ? {} : { value: { op: 'admin' } });
  await withDoor({ answering }, async (door) => {
    assert.equal([(await topics(door)).status, (await topics(door)).body['code']], [400, 'internal']);
    value = 'wrong';
    assert.is((await topics(door)).body['code'], 'internal');
    assert.equal(door.notes, ['http.request_failed']);
  });
});

test('pages say when a node is not well, not ready, or cannot say', async () => {
  const door: NonNullable<TestDoorOptions['door']> = {
    healthy: () => false,
    ready: () => ({ ready: false, reasons: ['no directory', 'no peers'] }),
    status: () => {
      throw new Error('broken');
    },
  };
  await withDoor({ answering: names, door }, async ({ base, notes }) => {
    assert.is((await send(base, { method: 'GET', path: '/healthz' })).status, 503);
    const ready = await send(base, { method: 'GET', path: '/readyz' });
    assert.equal(
      [ready.status, ready.body['ready'], ready.body['reasons']],
      [503, false, ['no directory', 'no peers']],
    );
    assert.match(String(ready.body['message']), /no directory; no peers/);
    const status = await send(base, { method: 'GET', path: '/status' });
    assert.equal([status.status, status.body['status'], status.body['code']], [500, 'failure', 'internal']);
    assert.equal(notes, ['http.request_failed']);
  });
});

test('a wrong token never reaches the gateway, and without a configured one every token is wrong', async () => {
  let asked = 0;
  const answering: Answering = (_, answer) => {
    asked += 1;
    answer({ value: { op: 'admin' } });
  };
  const add = (base: string, token: string): Promise<Answer> =>
    send(base, { method: 'POST', path: '/admin/broker/add', body: { broker_host: 'b', token } });
  await withDoor({ answering }, async ({ base }) => {
    assert.is((await add(base, 'wrong')).body['message'], 'Authentication failed');
    assert.is(asked, 0);
    assert.is((await add(base, adminToken)).status, 200);
  });
  for (const token of [undefined, '']) {
    await withDoor({ answering, door: { adminToken: token } }, async ({ base }) => {
      for (const sent of ['', 'undefined', adminToken]) {
        assert.is((await add(base, sent)).body['code'], 'auth_failed');
      }
    });
  }
  assert.is(asked, 1);
});

test('who guesses tokens waits for the answers, longer each time; nobody else does, and a right token never', async () => {
  const done: Answering = (_, answer) => answer({ value: { op: 'admin' } });
  await withDoor({ answering: done }, async (door) => {
    const add = (token: string, from: string): Promise<Answer> =>
      send(door.base, {
        method: 'POST',
        path: '/admin/broker/add',
        body: { broker_host: 'b', token },
        from,
      });
    let answered = 0;
    const guesses = Array.from({ length: 40 }, async (_, at) => {
      const answer = await add(`guess ${at}`, '127.0.0.2');
      answered += 1;
      return answer.body['code'];
    });
    const [first] = await Promise.all([add(adminToken, '127.0.0.1'), add('wrong', '127.0.0.3')]);
    assert.is(first?.status, 200);
    assert.ok(answered < 40, 'the guesser still waits');
    const codes = await Promise.all(guesses);
    const refused = codes.filter((code) => code === 'overloaded').length;
    assert.ok(refused > 0, 'so many at a time are not even looked at');
    assert.is(codes.filter((code) => code === 'auth_failed').length, 40 - refused);
    assert.is(
      door.notes.filter((note) => note === 'http.admin_refused').length,
      2,
      'one line for each address',
    );
    assert.is((await add(adminToken, '127.0.0.2')).status, 200);
  });
});

test('the bodies being read have a bound together, in which promises do not count and each address has its share', async () => {
  await withDoor({ answering: names, limits: { gatewayPendingBytes: 1_000 } }, async (door) => {
    const head = 'GET /topics HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n';
    const call = (from?: string): Promise<Answer> =>
      send(door.base, { method: 'GET', path: '/topics', body: 'x'.repeat(200), ...(from && { from }) });
    const promising = await Promise.all(Array.from({ length: 33 }, () => opened(door, `${head}x`)));
    assert.is((await call()).status, 200, 'what is only promised takes up nothing');
    const slow = await opened(door, head + 'x'.repeat(900));
    const refused = await until(call, ({ status }) => status !== 200);
    assert.equal(
      [refused.status, refused.body['code'], refused.headers.connection],
      [400, 'overloaded', 'close'],
    );
    assert.is((await call('127.0.0.2')).status, 200, 'another address has a share of its own');
    for (const socket of [...promising, slow]) socket.destroy();
    await until(call, ({ status }) => status === 200);
  });
});

test('answers that are not taken have a bound together, of which each address has its share', async () => {
  const value = new Uint8Array(1 << 20).fill(0x61);
  const answering: Answering = (_, answer) =>
    answer({ value: { op: 'consume', partition: 0, offset: 0, value } });
  const limits = { gatewayPendingBytes: 4 << 20, httpConnectionUnsentBytes: 64 << 20 };
  await withDoor({ answering, limits }, async (door) => {
    const one = 'GET /consumer/consume?topic=t&consumer_id=c HTTP/1.1\r\nhost: a\r\n\r\n';
    // Each connection holds back what the system's buffers do not take.
    const slow = await Promise.all([1, 2, 3, 4, 5, 6].map(() => opened(door, one)));
    for (const socket of slow) socket.pause();
    const call = (from?: string): Promise<Answer> => {
      for (const socket of slow) socket.write(one);
      return send(door.base, {
        method: 'GET',
        path: '/consumer/consume?topic=t&consumer_id=c',
        ...(from && { from }),
      });
    };
    const refused = await until(call, ({ status }) => status !== 200);
    assert.equal(
      [refused.status, refused.body['code'], refused.body['outcome']],
      [400, 'overloaded', 'unknown'],
    );
    assert.is((await call('127.0.0.2')).status, 200, 'another address has a share of its own');
    for (const socket of slow) socket.destroy();
    await until(call, ({ status }) => status === 200);
  });
});

test('one connection that takes nothing gets no more answers than fit its own bound, and costs the others nothing', async () => {
  const page = JSON.stringify({ text: 'x'.repeat(100_000) });
  let made = 0;
  const status = (): string => {
    made += 1;
    return page;
  };
  await withDoor({ answering: names, door: { status } }, async (door) => {
    const greedy = await Promise.all(
      [1, 2, 3, 4].map(() => opened(door, 'GET /status HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(250))),
    );
    for (const socket of greedy) socket.pause();
    for (let round = 0; round < 20; round += 1) assert.is((await topics(door)).status, 200);
    assert.ok(made < 4 * 30, `${made} pages were made`);
    for (const socket of greedy) socket.destroy();
  });
});

test('a client that goes away while its call runs costs nothing', async () => {
  const held: (() => void)[] = [];
  let arrived = (): void => undefined;
  const here = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const answering: Answering = (message, answer) => {
    held.push(() => names(message, answer));
    arrived();
  };
  await withDoor({ answering }, async (door) => {
    const gone = await opened(door, 'GET /topics HTTP/1.1\r\nhost: a\r\n\r\n');
    await here;
    gone.destroy();
    const pending = topics(door);
    while (held.length < 2) await send(door.base, { method: 'GET', path: '/healthz' });
    for (const answer of held) answer();
    assert.is((await pending).status, 200);
    assert.equal(door.notes, []);
  });
});

test('requests that arrive too slowly are ended in JSON', async () => {
  await withDoor({ answering: names }, async (door) => {
    door.door.server.headersTimeout = 50;
    door.door.server.requestTimeout = 50;
    for (const text of [
      'GET /topics HTTP/1.1\r\nhost: a\r\nx: ',
      'POST /topics HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{',
    ]) {
      const [answer] = answersIn(await raw(door.base, text));
      assert.equal(
        [answer?.status, answer?.body['code'], answer?.body['outcome']],
        [408, 'timeout', 'not_applied'],
      );
    }
  });
});

test('upgrades are left to whoever attaches a handler', async () => {
  await withDoor({ answering: names }, async (door) => {
    door.door.server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 101 Mine\r\n\r\n'));
    const text = await raw(
      door.base,
      'GET /client HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    );
    assert.is(text, 'HTTP/1.1 101 Mine\r\n\r\n');
  });
});

test('a door that closes answers what has arrived and takes nothing new', async () => {
  const held: (() => void)[] = [];
  let arrived = (): void => undefined;
  const here = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const answering: Answering = (message, answer) => {
    held.push(() => names(message, answer));
    arrived();
  };
  const door = await openDoor({ answering });
  const pending = topics(door);
  await here;
  const closed = door.door.close();
  const refused = await send(door.base, { method: 'GET', path: '/healthz' }).then(
    () => 'served',
    () => 'refused',
  );
  assert.is(refused, 'refused');
  for (const answer of held) answer();
  const answer = await pending;
  assert.equal([answer.status, answer.headers.connection], [200, 'close']);
  await closed;
  forgetConnections();
  await door.close();
});

test.run();
