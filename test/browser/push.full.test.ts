// timeout: 240 s
// weight: heavy
/**
 * A page of somebody's own in Debian's Chromium, which produces and consumes by push through the gateway of compose.yaml, while the
 * node that it is connected to is killed: each record is stored once, and reaches the page.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestBrowser, findChromium, keepScreenshot } from '../lib/browser.ts';
import { Cluster } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { Gateway } from '../lib/gateway.ts';
import { findProgram } from '../lib/program.ts';

const test = suite('push to a page');
const chromium = findChromium();
const nginx = findProgram('nginx', 'nginx');
const RECORDS = 2_000;
/** The kill comes when so many are stored. */
const KILL_AT = 600;

const bundle = readFileSync(createRequire(import.meta.url).resolve('@callboard/client/callboard.js'), 'utf8');

/** What the page has done so far. */
interface Progress {
  readonly sent: readonly { readonly value: string; readonly partition: number; readonly offset: number }[];
  readonly received: readonly { readonly value: string; readonly place: string }[];
  /** Nodes that it was connected to, in order. */
  readonly nodes: readonly string[];
  readonly failures: readonly string[];
}

const script = `
import { connect } from '/callboard.js';
const progress = { sent: [], received: [], nodes: [], failures: [] };
window.progress = progress;
const show = () => {
  document.querySelector('p').textContent =
    progress.sent.length + ' stored, ' + progress.received.length + ' received, by ' + progress.nodes.join(', ');
};
window.start = async (address, count) => {
  const onStatus = (status) => {
    if (status.kind === 'connected') progress.nodes.push(status.node);
  };
  const client = await connect(address, { name: 'a-page', direct: false, onStatus });
  await client.createTopic('board', { partitions: 3, ifNotExists: true });
  const failed = (error) => progress.failures.push(String(error));
  const consumer = client.consumer('board', { id: 'the-page', from: 'earliest', ack: 'auto' });
  (async () => {
    for await (const record of consumer) {
      progress.received.push({ value: record.text(), place: record.partition + '/' + record.offset });
      show();
    }
  })().catch(failed);
  const producer = client.producer('board');
  for (let i = 0; i < count; i += 1) {
    await producer.ready;
    const value = 'note-' + i;
    const sending = producer.send({ key: 'key-' + (i % 50), value });
    sending.then(({ partition, offset }) => progress.sent.push({ value, partition, offset }), failed);
    // A few at a time: the kill is to come in the middle.
    if (i % 50 === 49) await sending.catch(() => undefined);
  }
};
`;

async function servePage(): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const files: Readonly<Record<string, readonly [string, string]>> = {
      '/': [
        'text/html',
        '<!doctype html><title>A page</title><p></p><script type="module" src="/page.js"></script>',
      ],
      '/page.js': ['text/javascript', script],
      '/callboard.js': ['text/javascript', bundle],
    };
    const [type, body] = files[request.url ?? ''] ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function progressOf(page: Page): Promise<Progress> {
  return page.evaluate('window.progress');
}

async function until(page: Page, what: string, holds: (progress: Progress) => boolean): Promise<Progress> {
  return await eventually(
    what,
    async () => {
      const progress = await progressOf(page);
      if (progress.failures.length > 0) return progress;
      return holds(progress) ? progress : undefined;
    },
    90_000,
  ).catch(async (error: unknown) => {
    const { sent, received, nodes } = await progressOf(page);
    throw new Error(
      `${String(error)}: ${sent.length} stored, ${received.length} received, nodes ${nodes.join(', ')}`,
    );
  });
}

/** The records of a page that has ended well: each stored at a place of its own, and each of these received. */
function judge({ sent, received, failures }: Progress): void {
  assert.equal(failures, []);
  assert.is(new Set(sent.map(({ value }) => value)).size, RECORDS);
  const places = new Map(sent.map(({ value, partition, offset }) => [`${partition}/${offset}`, value]));
  assert.is(places.size, RECORDS, 'two records at one place');
  for (const { value, place } of received) assert.is(value, places.get(place), place);
  assert.is(new Set(received.map(({ place }) => place)).size, RECORDS);
}

async function storedRecords(cluster: Cluster, node: number): Promise<number> {
  const api = cluster.api(node);
  const consumer = await api.registerConsumer('board');
  return [...(await api.sizes({ topic: 'board', consumer })).values()].reduce((sum, size) => sum + size, 0);
}

function cases(programs: { readonly chromium: string; readonly nginx: string }): void {
  test(`${RECORDS} records out and back, though the node behind the gateway is killed`, async () => {
    const { server, origin } = await servePage();
    const cluster = await Cluster.start({ env: { CALLBOARD_ALLOWED_ORIGINS: origin } });
    const hosts = cluster.urls.map((url) => new URL(url).host);
    const gateway = await Gateway.start(programs.nginx, hosts);
    const browser = await TestBrowser.launch(programs.chromium);
    try {
      const { page } = await browser.open(origin);
      await page.waitForFunction('window.start !== undefined');
      await page.evaluate(`void window.start(${JSON.stringify(gateway.url)}, ${RECORDS})`);
      const before = await until(page, 'some records are stored', ({ sent }) => sent.length >= KILL_AT);
      const victim = cluster.nodes.find(({ name }) => name === before.nodes.at(-1));
      assert.ok(victim, `connected to ${before.nodes.join(', ')}`);
      assert.ok(before.sent.length < RECORDS, 'all was over before the kill');
      await victim.kill();
      const after = await until(page, 'every record is stored and received', ({ sent, received }) => {
        return sent.length === RECORDS && new Set(received.map(({ place }) => place)).size === RECORDS;
      });
      await keepScreenshot(page, 'push-through-a-kill');
      judge(after);
      assert.ok(after.nodes.length > before.nodes.length, 'it never reconnected');
      const alive = cluster.nodes.findIndex(({ isRunning }) => isRunning);
      assert.is(await storedRecords(cluster, alive), RECORDS);
    } finally {
      await browser.close();
      await gateway.destroy();
      await cluster.destroy();
      server.close();
      server.closeAllConnections();
    }
  });
}

if (chromium === undefined || nginx === undefined) {
  test('is skipped without Chromium and nginx', () => undefined);
} else {
  cases({ chromium, nginx });
}

test.run();
