// timeout: 30 s
// The frames that the client masks itself, as a WebSocket server reads them.
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket, WebSocketServer } from 'ws';
import { SplitMix } from '../protocol/random.ts';
import { clientFile } from './internals.ts';

interface Inside {
  maskedFrame(payload: Uint8Array): Uint8Array;
}

const { maskedFrame } = (await import(clientFile('./node/masked-frame.js'))) as Inside;

/** Each length of a frame's head, its edges, and each remainder of whole words. */
const sizes = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 1_001, 65_534, 65_535, 65_536, 65_537, 200_003];

test('a server reads what was to be sent, of any length and from any place in memory', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  try {
    await once(server, 'listening');
    const received: Buffer[] = [];
    const failed: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data) => received.push(data as Buffer));
      socket.on('error', (error) => failed.push(error));
    });
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    let raw: Socket | undefined;
    client.on('upgrade', (response) => {
      raw = response.socket;
    });
    await once(client, 'open');
    const random = new SplitMix(5);
    const sent = sizes.flatMap((size) => [0, 1, 2, 3].map((at) => random.bytes(size + at).subarray(at)));
    const before = sent.map((payload) => payload.slice());
    for (const payload of sent) raw?.write(maskedFrame(payload));
    client.close();
    await once(client, 'close');
    assert.equal(failed, []);
    assert.equal(
      received.map((bytes) => new Uint8Array(bytes)),
      before,
    );
    assert.equal(sent, before, 'what is sent is not changed');
  } finally {
    server.close();
  }
});

test('each frame has a key of its own', () => {
  const payload = new Uint8Array(8);
  // A head of two bytes, then the key.
  const keyOf = (frame: Uint8Array): string => Buffer.from(frame.subarray(2, 6)).toString('hex');
  const keys = new Set(Array.from({ length: 5_000 }, () => keyOf(maskedFrame(payload))));
  assert.ok(keys.size > 4_900, `${keys.size} keys among 5,000 frames`);
});

test.run();
