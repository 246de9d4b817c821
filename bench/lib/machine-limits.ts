/** What the machine itself can do, measured in the same run: figures mean nothing without it. */
import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packFrame } from '@callboard/client/protocol';
import { roundTripBetweenProcesses, roundTripWithin } from './loopback.ts';
import { median } from './percentiles.ts';

export interface MachineLimits {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  /** Median of fdatasync after an appended 4 KiB block, on the calling thread. */
  readonly fdatasyncMs: number;
  /** The same through Node's thread pool, as a server would: two wake-ups more. */
  readonly fdatasyncThreadPoolMs: number;
  /** 256 MiB in blocks of 1 MiB, fdatasync after each 16. */
  readonly sequentialWriteMBps: number;
  /** Median round trip of 64 bytes over loopback TCP to another process. */
  readonly loopbackRoundTripMs: number;
  /** The same with both ends in one process: nobody has to be woken, so it is no measure for a cluster. */
  readonly loopbackWithinProcessMs: number;
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
    fdatasyncThreadPoolMs: await fdatasyncThreadPoolMedian(join(directory, 'pool-probe')),
    sequentialWriteMBps: sequentialWrite(join(directory, 'write-probe')),
    loopbackRoundTripMs: await roundTripBetweenProcesses(),
    loopbackWithinProcessMs: await roundTripWithin(),
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

const syncs = 300;

function fdatasyncMedian(path: string): number {
  const block = Buffer.alloc(4_096, 1);
  const file = openSync(path, 'w');
  const samples: number[] = [];
  for (let i = 0; i < syncs; i += 1) {
    writeSync(file, block);
    const start = performance.now();
    fdatasyncSync(file);
    samples.push(performance.now() - start);
  }
  closeSync(file);
  rmSync(path);
  return median(samples);
}

async function fdatasyncThreadPoolMedian(path: string): Promise<number> {
  const block = Buffer.alloc(4_096, 1);
  const file = openSync(path, 'w');
  const sync = promisify(fdatasync);
  const samples: number[] = [];
  for (let i = 0; i < syncs; i += 1) {
    writeSync(file, block);
    const start = performance.now();
    await sync(file);
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
