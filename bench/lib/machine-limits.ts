/** What the machine itself can do, measured in the same run: figures mean nothing without it. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { packFrame } from '@callboard/client/protocol';
import { median } from './percentiles.ts';

export interface MachineLimits {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Median of one appended 4 KiB block with fdatasync. */
  readonly fdatasyncMs: number;
  readonly sequentialWriteMBps: number;
  /** Median round trip of 64 bytes over loopback TCP. */
  readonly loopbackRoundTripMs: number;
  /** Small positional frames packed on one core. */
  readonly msgpackFramesPerSecond: number;
  /** Copying 1 MiB blocks on one core. */
  readonly memcpyMBps: number;
}

export async function measureMachine(directory: string): Promise<MachineLimits> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    fdatasyncMs: fdatasyncMedian(join(directory, 'sync-probe')),
    sequentialWriteMBps: sequentialWrite(join(directory, 'write-probe')),
    loopbackRoundTripMs: await loopbackRoundTrip(),
    msgpackFramesPerSecond: msgpackRate(),
    memcpyMBps: memcpyRate(),
  };
}

function msgpackRate(): number {
  const rounds = 500_000;
  const frame = [39, 1_234_567, 'orders', 3, 0, new Uint8Array(100)];
  for (let i = 0; i < 10_000; i += 1) packFrame(frame);
  const start = performance.now();
  for (let i = 0; i < rounds; i += 1) packFrame(frame);
  return Math.round((rounds * 1_000) / (performance.now() - start));
}

function memcpyRate(): number {
  const from = Buffer.alloc(1 << 20, 1);
  const to = Buffer.alloc(1 << 20);
  const rounds = 2_000;
  const start = performance.now();
  for (let i = 0; i < rounds; i += 1) from.copy(to);
  return Math.round((rounds * 1.048576 * 1_000) / (performance.now() - start));
}

function fdatasyncMedian(path: string): number {
  const block = Buffer.alloc(4_096, 1);
  const file = openSync(path, 'w');
  const samples: number[] = [];
  for (let i = 0; i < 300; i += 1) {
    writeSync(file, block);
    const start = performance.now();
    fdatasyncSync(file);
    samples.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return median(samples);
}

function sequentialWrite(path: string): number {
  const block = Buffer.alloc(1 << 20, 1);
  const file = openSync(path, 'w');
  const start = performance.now();
  for (let i = 0; i < 256; i += 1) {
    writeSync(file, block);
    if (i % 16 === 15) fdatasyncSync(file);
  }
  const seconds = (performance.now() - start) / 1_000;
  closeSync(file);
  rmSync(path);
  return (256 * 1.048576) / seconds;
}

function loopbackRoundTrip(): Promise<number> {
  const message = Buffer.alloc(64, 1);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      socket.pipe(socket);
    });
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const socket = connect({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        noDelay: true,
      });
      const samples: number[] = [];
      let start = 0;
      const send = (): void => {
        start = performance.now();
        socket.write(message);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', () => {
        samples.push(performance.now() - start);
        if (samples.length < 2_000) {
          send();
          return;
        }
        socket.destroy();
        server.close();
        resolve(median(samples));
      });
    });
  });
}
