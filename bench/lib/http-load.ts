/** Closed loops over HTTP: each connection sends its next call when the last one is answered. */
import { HttpConnection } from './http-connection.ts';
import type { HttpAnswer } from './http-connection.ts';
import { percentile } from './percentiles.ts';

export interface Measured {
  readonly scenario: string;
  readonly connections: number;
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface Load {
  readonly scenario: string;
  readonly url: string;
  readonly connections: number;
  /** Ends the run after this time, or when a loop says that it is done. */
  readonly seconds: number;
  /** One call; false when there is nothing left to do. Throws on an answer that should not be. */
  readonly call: (connection: HttpConnection, loop: number) => Promise<boolean>;
}

export function expectSuccess(answer: HttpAnswer, what: string): void {
  if (answer.status !== 200) throw new Error(`${what}: ${answer.status} ${answer.body}`);
}

export async function runLoad({ scenario, url, connections, seconds, call }: Load): Promise<Measured> {
  const open = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(url)));
  const samples: number[] = [];
  const startedAt = performance.now();
  const end = startedAt + seconds * 1_000;
  const loop = async (connection: HttpConnection, index: number): Promise<void> => {
    for (let now = startedAt; now < end;) {
      const before = performance.now();
      if (!(await call(connection, index))) return;
      now = performance.now();
      samples.push(now - before);
    }
  };
  try {
    await Promise.all(open.map(loop));
  } finally {
    for (const connection of open) connection.close();
  }
  const elapsed = (performance.now() - startedAt) / 1_000;
  return {
    scenario,
    connections,
    calls: samples.length,
    perSecond: Math.round(samples.length / elapsed),
    p50Ms: percentile(samples, 0.5),
    p99Ms: percentile(samples, 0.99),
    p999Ms: percentile(samples, 0.999),
    maxMs: percentile(samples, 1),
  };
}
