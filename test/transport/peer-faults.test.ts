// timeout: 120 s
/** A peer that has proved itself and then sends rubbish: it costs that link, for a moment, and nothing else. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SplitMix } from '../protocol/random.ts';
import { RawClient } from '../lib/raw-client.ts';
import { until } from '../lib/until.ts';
import { envelope, parcel, quickLimits, TestNode } from './kit.ts';

/** A TCP relay that changes one byte of what it passes on, when it is told to. */
class Corrupter {
  readonly #random = new SplitMix(20_260_601);
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  armed = false;

  constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      near.on('data', (chunk: Buffer) => far.write(this.#passed(chunk)));
      far.on('data', (chunk: Buffer) => near.write(chunk));
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => other.destroy());
      }
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #passed(chunk: Buffer): Buffer {
    if (!this.armed) return chunk;
    this.armed = false;
    const at = this.#random.below(chunk.byteLength);
    chunk.writeUInt8(chunk.readUInt8(at) ^ (1 + this.#random.below(255)), at);
    return chunk;
  }
}

test('bytes changed on the way close that link with a reason, it comes back, and nobody else notices', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  const b = await TestNode.open('b');
  const relay = new Corrupter(b.port);
  const a = await TestNode.open('a', new Map([['b', await relay.open()]]));
  const c = await TestNode.open('c', new Map([['b', b.address]]));
  b.links.addPeer('a', '127.0.0.1:1');
  b.links.addPeer('c', c.address);
  const client = await RawClient.connect(b.clientUrl);
  try {
    await until('the links', () => a.links.isUp('b') && b.links.isUp('a') && c.links.isUp('b'));
    const downs = (): number => b.news.filter((news) => news === 'down a').length;
    let sent = 0;
    for (let flips = 0; flips < 150 || downs() < 20; flips += 1) {
      await until('the link is up', () => a.links.isUp('b') && b.links.isUp('a'));
      relay.armed = true;
      await until('a byte was changed', () => {
        sent += 1;
        a.links.send(envelope(a, 'b', parcel(sent, sent % 300)));
        a.links.flush();
        return !relay.armed;
      });
      assert.is(await client.produce('orders', 0, new Uint8Array(7)), 7);
      c.links.send(envelope(c, 'b', parcel(1_000_000 + flips)));
      c.links.flush();
      if (flips > 2_000) throw new Error(`only ${downs()} of ${flips} changed bytes closed the link`);
    }
    // What the last changed byte broke may yet show: a message may be lost with the link.
    await until('it works again', () => {
      a.links.send(envelope(a, 'b', parcel(7_777_777)));
      a.links.flush();
      return b.numbers().includes(7_777_777);
    });
    assert.equal(c.news, ['up b']);
    assert.is(client.ended, undefined);
    const fromC = b.received
      .filter(({ from }) => from.node === 'c')
      .map(({ message }) => (message as { number: number }).number);
    assert.equal(
      fromC,
      fromC.map((_, at) => 1_000_000 + at),
    );
    assert.equal(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
    process.off('uncaughtException', note);
    client.close();
    relay.close();
    await Promise.all([a.close(), b.close(), c.close()]);
  }
});

test('what waits for all peers together has a bound, and each peer its fair share of it', async () => {
  const bound = 1 << 20;
  const limits = { ...quickLimits, peerLinkBytes: bound, peerLinksBytes: bound };
  const b = await TestNode.open('b', new Map(), { limits });
  const c = await TestNode.open('c', new Map(), { limits });
  const a = await TestNode.open(
    'a',
    new Map([
      ['b', b.address],
      ['c', c.address],
    ]),
    { limits },
  );
  b.links.addPeer('a', a.address);
  c.links.addPeer('a', a.address);
  try {
    await until('the links', () => a.links.isUp('b') && a.links.isUp('c'));
    // Nothing leaves within this turn of the loop.
    const fill = (peer: string): number => {
      for (let bytes = 0; ; bytes += 10_000) {
        if (a.links.send(envelope(a, peer, parcel(1, 10_000), 'data')) === 'full') return bytes;
      }
    };
    const toB = fill('b');
    const toC = fill('c');
    assert.ok(toB > 0.9 * bound && toB <= bound, String(toB));
    assert.ok(toC > 0.4 * bound && toC < 0.6 * bound, String(toC));
    a.links.flush();
    await until('room', () => a.links.send(envelope(a, 'c', parcel(2, 10_000), 'data')) === 'accepted');
  } finally {
    await Promise.all([a.close(), b.close(), c.close()]);
  }
});

test.run();
