/** A transport of the program's own: everything goes over it, and whatever it does, nothing escapes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket } from 'ws';
import { connect, type Transport, type TransportHandlers, type TransportSocket } from '@callboard/client';
import { fill, numbers, rejected, valuesOf } from './kit.ts';
import { withFakes } from './fake-cluster.ts';

/** What a gateway of one's own would do: the address that was asked for means another one. */
class Tunnel implements Transport {
  readonly asked: string[] = [];
  readonly #to: string;
  messages = 0;

  constructor(to: string) {
    this.#to = to;
  }

  open(url: string, frameBytes: number, handlers: TransportHandlers): TransportSocket {
    this.asked.push(url);
    const socket = new WebSocket(this.#to, { maxPayload: frameBytes });
    socket.on('open', () => handlers.opened());
    socket.on('message', (data: Buffer) => {
      this.messages += 1;
      handlers.message(data);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => handlers.closed(code, reason.toString()));
    return {
      send: (bytes) => socket.send(bytes),
      close: (code, reason) => socket.close(code, reason),
    };
  }
}

test('a client works over it, without any socket of its own', async () => {
  await withFakes(1, async (cluster) => {
    cluster.createTopic('t', 1);
    const tunnel = new Tunnel(cluster.node(0).url);
    await using client = await connect('https://nowhere.invalid/queue', { transport: tunnel, direct: false });
    await fill(client, 't', 0, 100);
    assert.equal(valuesOf(cluster, 't', 0), numbers(100));
    const seen: string[] = [];
    const consumer = client.consumer('t', { from: 'earliest' });
    for await (const record of consumer) if (seen.push(record.text()) === 100) break;
    assert.equal(seen, numbers(100));
    assert.equal(tunnel.asked, ['wss://nowhere.invalid/queue/client']);
    assert.ok(tunnel.messages > 3);
  });
});

const idle: TransportSocket = { send: () => undefined, close: () => undefined };
const broken: Readonly<Record<string, Transport>> = {
  'throws as it opens': {
    open: () => {
      throw new Error('no route');
    },
  },
  'calls back from within open': {
    open: (_url, _bytes, handlers) => {
      handlers.closed(1006, 'no route');
      handlers.closed(1006, 'no route');
      handlers.opened();
      return idle;
    },
  },
  'throws as it sends': {
    open: (_url, _bytes, handlers) => {
      queueMicrotask(() => handlers.opened());
      return {
        ...idle,
        send: () => {
          throw new Error('no route');
        },
      };
    },
  },
  'gives something else than bytes': {
    open: (_url, _bytes, handlers) => {
      queueMicrotask(() => handlers.opened());
      return { ...idle, send: () => handlers.message('no route' as never) };
    },
  },
  'gives nothing back': { open: () => undefined as never },
};

for (const [what, transport] of Object.entries(broken)) {
  test(`one that ${what} is an address that cannot be reached`, async () => {
    const reasons: string[] = [];
    const error = await rejected(
      connect('http://a', {
        transport,
        deadlineMs: 200,
        onStatus: (status) => void (status.kind === 'reconnecting' && reasons.push(status.reason)),
      }),
    );
    assert.is(error.code, 'unavailable');
    if (what !== 'gives nothing back') assert.match(reasons.join(), /no route|broke the protocol/);
  });
}

test('it is an object with a function', async () => {
  for (const transport of [null, 5, 'ws', {}, { open: 5 }, () => idle]) {
    assert.is((await rejected(connect('http://a', { transport: transport as never }))).code, 'bad_request');
  }
});

test.run();
