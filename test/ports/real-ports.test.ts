import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from '../../src/node/ports/crc32.ts';
import { RealClock } from '../../src/node/ports/real-clock.ts';
import { RealRandom } from '../../src/node/ports/real-random.ts';
import { clockConformance } from './clock-conformance.ts';
import type { ClockBench } from './clock-conformance.ts';
import { randomConformance } from './random-conformance.ts';

const DEADLINE_MS = 20_000;

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!done()) {
    if (performance.now() > deadline) throw new Error('the deadline passed');
    // A whole round of the event loop, timers included.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Inputs are bytes on a real socket: only those show the order of timers and sockets after a stall. */
async function openRealBench(): Promise<ClockBench> {
  const inputs: (() => void)[] = [];
  let near: Socket | undefined;
  const server = createServer((socket) => {
    near = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      for (let i = 0; i < bytes.length; i += 1) inputs.shift()?.();
    });
  });
  server.listen(0, '127.0.0.1');
  await until(() => server.listening);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const far = connect(address.port, '127.0.0.1');
  far.setNoDelay(true);
  far.on('error', () => undefined);
  await until(() => near !== undefined && !far.connecting);
  return {
    clock: new RealClock(),
    until,
    block: (ms) => {
      const end = performance.now() + ms;
      while (performance.now() < end) crc32(new Uint8Array(1000));
    },
    input: (callback) => {
      inputs.push(callback);
      far.write('x');
    },
    close: async () => {
      far.destroy();
      near?.destroy();
      let closed = false;
      server.close(() => (closed = true));
      await until(() => closed);
    },
  };
}

clockConformance('the real clock', openRealBench);
randomConformance('the real random source', () => new RealRandom());

test('a timer beyond the reach of setTimeout waits', async () => {
  let ran = false;
  const clock = new RealClock();
  const timer = clock.setTimer(2 ** 31 + 10, () => (ran = true));
  let end = false;
  clock.setTimer(10, () => (end = true));
  await until(() => end);
  timer.cancel();
  assert.not(ran);
});

test('the checksum is the CRC-32 of IEEE, and continues from an earlier value', () => {
  const bytes = new TextEncoder().encode('123456789');
  assert.is(crc32(bytes), 0xcbf43926);
  assert.is(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xcbf43926);
  assert.is(crc32(new Uint8Array(0)), 0);
});

test.run();
