/** The round trip over loopback TCP: the least that any answer from another process takes. */
import { fork, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listen } from './echo.ts';
import { median } from './percentiles.ts';

const trips = 2_000;
const warmUpTrips = 500;
const messageBytes = 64;

/** Median, one in flight, against an echo in this process. */
export async function roundTripWithin(): Promise<number> {
  const server = await listen();
  try {
    return await medianTrip(server.port);
  } finally {
    server.close();
  }
}

/** Median, one in flight, against an echo in a process of its own. */
export async function roundTripBetweenProcesses(): Promise<number> {
  const echo = fork(fileURLToPath(new URL('./echo-main.js', import.meta.url)));
  try {
    return await medianTrip(await portOf(echo));
  } finally {
    echo.kill('SIGKILL');
  }
}

function portOf(echo: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    echo.once('message', (port) => resolve(Number(port)));
    echo.once('error', reject);
    echo.once('exit', (code, signal) => reject(new Error(`the echo ended (${signal ?? code})`)));
  });
}

function medianTrip(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const message = Buffer.alloc(messageBytes, 1);
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
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
      if (samples.length < warmUpTrips + trips) {
        send();
        return;
      }
      socket.destroy();
      resolve(median(samples.slice(warmUpTrips)));
    });
  });
}
