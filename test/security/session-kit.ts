/** One node, a healthy client at 127.0.0.1, and strangers at 127.0.0.2 whose connections are kept by hand. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { clientFrames, nodeFrames, packFrame, protocolVersion } from '@callboard/client/protocol';
import { Cluster, withLastWords } from '../lib/cluster.ts';
import { draftOf } from '../lib/chunks.ts';
import { full } from '../lib/effort.ts';
import { until } from '../lib/until.ts';
import { RawClient, type Call } from '../lib/raw-client.ts';
import { upgradeHead, wsFrame } from '../transport/raw-socket.ts';

export const stranger = '127.0.0.2';
const rssSlackBytes = 64 << 20;
const loopBlockedMs = 100;

/** What the node has taken of memory, and how long its loop was blocked at most: only looked at with TEST_FULL=1. */
class Watch {
  readonly #pid: number;
  readonly #file: string;
  readonly #before: number;
  #timer: NodeJS.Timeout;
  #rss = 0;
  #blocked = 0;

  constructor(pid: number, file: string) {
    this.#pid = pid;
    this.#file = file;
    this.#before = this.#rssNow();
    this.#timer = setInterval(() => this.#look(), 100);
  }

  end(): { readonly moreBytes: number; readonly blockedMs: number } {
    clearInterval(this.#timer);
    this.#look();
    return { moreBytes: this.#rss - this.#before, blockedMs: this.#blocked };
  }

  #look(): void {
    this.#rss = Math.max(this.#rss, this.#rssNow());
    this.#blocked = Math.max(this.#blocked, Number(readFileSync(this.#file, 'utf8')));
  }

  #rssNow(): number {
    const kib = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'))?.[1];
    return Number(kib) * 1_024;
  }
}

export class Target {
  readonly cluster: Cluster;
  readonly #loopFile: string;

  private constructor(cluster: Cluster, loopFile: string) {
    this.cluster = cluster;
    this.#loopFile = loopFile;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Target> {
    const watch = fileURLToPath(new URL('./loop-watch.js', import.meta.url));
    const loopFile = join(process.env['TMPDIR'] ?? '/tmp', `loop-watch-${process.pid}`);
    const watched = full ? { NODE_OPTIONS: `--import ${watch}`, LOOP_WATCH_FILE: loopFile } : {};
    return new Target(await Cluster.start({ nodes: 1, env: { ...watched, ...env } }), loopFile);
  }

  get port(): number {
    return Number(new URL(this.cluster.node(0).url).port);
  }

  get url(): string {
    return `${this.cluster.node(0).url.replace('http', 'ws')}/client`;
  }

  get log(): string {
    return this.cluster.node(0).child.output;
  }

  /** A whole client at the strangers' address. */
  strangeClient(): Promise<RawClient> {
    return RawClient.connect(this.url, { socket: { localAddress: stranger } });
  }

  /**
   * Attacks beside a healthy client, which must not see an error. With TEST_FULL=1 the node's memory and loop are bounded too; a machine
   * that was busy with something else has one more try.
   */
  async besides(attack: () => Promise<void>): Promise<void> {
    await withLastWords(this.cluster, async () => {
      if (!full) {
        await this.#attacked(attack);
        return;
      }
      const first = await this.#watched(attack);
      const seen = isQuiet(first) ? first : await this.#watched(attack);
      assert.ok(isQuiet(seen), `the node took ${JSON.stringify(seen)}`);
    });
  }

  async #watched(attack: () => Promise<void>): Promise<ReturnType<Watch['end']>> {
    await until('the loop is watched', () => readFileSync(this.#loopFile, 'utf8') !== '');
    const watch = new Watch(this.cluster.node(0).pid, this.#loopFile);
    try {
      await this.#attacked(attack);
    } finally {
      this.last = watch.end();
    }
    process.stdout.write(`the node took ${JSON.stringify(this.last)}\n`);
    return this.last;
  }

  last = { moreBytes: 0, blockedMs: 0 };

  async #attacked(attack: () => Promise<void>): Promise<void> {
    const client = await RawClient.connect(this.url);
    const known = await client.metadata('healthy');
    if (known.topics[0]?.error !== undefined) await client.createTopic('healthy', 1);
    let stopped = false;
    let rounds = 0;
    const latencies: number[] = [];
    const working = (async () => {
      while (!stopped) {
        const began = performance.now();
        await client.produce('healthy', 0, draftOf(['well']));
        latencies.push(performance.now() - began);
        rounds += 1;
      }
    })();
    try {
      await until('the healthy client works', () => rounds > 5);
      latencies.length = 0;
      await Promise.race([attack(), working]);
      const before = rounds;
      await until('the healthy client works on', () => rounds > before + 5);
    } finally {
      stopped = true;
      const sorted = latencies.toSorted((a, b) => a - b);
      const at = (part: number): string => (sorted[Math.floor(part * sorted.length)] ?? 0).toFixed(1);
      process.stdout.write(`healthy: ${sorted.length} produces, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`);
      await working;
      client.close();
    }
  }

  async end(): Promise<void> {
    await this.cluster.destroy();
  }
}

function isQuiet({ moreBytes, blockedMs }: ReturnType<Watch['end']>): boolean {
  return moreBytes <= rssSlackBytes && blockedMs <= loopBlockedMs;
}

const pong: Buffer = Buffer.from(packFrame(nodeFrames.encode({ kind: 'pong', correlation: 999 })));

/** The last frame is a WebSocket close (RFC 6455, section 5.5.1); as a server sends it, without a mask. */
function endsWithClose(bytes: Buffer): boolean {
  for (let length = 0; length < 126 && length + 2 <= bytes.length; length += 1) {
    const at = bytes.length - length - 2;
    if (bytes[at] === 0x88 && bytes[at + 1] === length) return true;
  }
  return false;
}

/** A stranger's connection after its hello: whole frames go out as prepared bytes, and what comes is only counted, or not read. */
export class Stranger {
  readonly socket: Socket;
  received = 0;
  ended = false;
  #tail: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
    });
    socket.on('data', (data: Buffer) => {
      this.received += data.byteLength;
      this.#tail = Buffer.concat([this.#tail, data]).subarray(-160);
      // The node has said its last word: it need not wait for ours.
      if (endsWithClose(this.#tail)) socket.destroy();
    });
  }

  static async connect(port: number, localAddress: string = stranger): Promise<Stranger> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const one = new Stranger(socket);
    socket.write(upgradeHead('/client'));
    const hello = {
      kind: 'hello',
      correlation: 1,
      version: protocolVersion,
      client: 'stranger',
    } as const;
    socket.write(wsFrame(packFrame(clientFrames.encode(hello))));
    await until('the hello is answered', () => one.received > 150 || one.ended);
    return one;
  }

  /** Many frames at once; resolves when the system has taken them, or never while the node does not read. */
  send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // In a turn of its own, or who floods would never hear that the connection has ended.
      this.socket.write(bytes, () => setImmediate(resolve));
    });
  }

  /** Resolves when the connection has ended, or the pong of correlation 999 is the last that came. */
  async settled(): Promise<void> {
    await until('the node answers or ends the connection', () => this.ended || this.#tail.includes(pong));
  }

  /** Reads nothing from here on. */
  deaf(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export function framesOf(calls: readonly Call[]): Buffer {
  return Buffer.concat(
    calls.map((call, at) => wsFrame(packFrame(clientFrames.encode({ ...call, correlation: at + 2 })))),
  );
}
