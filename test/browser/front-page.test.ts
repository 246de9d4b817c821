// timeout: 180 s
// weight: heavy
// The page at `/` in Debian's Chromium, served by real nodes: what it shows, what it follows, and that it believes no record.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestBrowser, findChromium, keepScreenshot } from '../lib/browser.ts';
import { Cluster } from '../lib/cluster.ts';
import { inFullRuns } from '../lib/effort.ts';
import { eventually } from '../lib/eventually.ts';

const test = suite('front page');
const program = findChromium();
const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

let cluster: Cluster;
let browser: TestBrowser;

function cases(chromium: string): void {
  test.before(async () => {
    cluster = await Cluster.start();
    browser = await TestBrowser.launch(chromium);
  });
  test.after(async () => {
    await browser?.close();
    await cluster?.destroy();
  });

  test('shows the cluster, and follows a topic to the last record, hostile ones included', async () => {
    const api = cluster.api(0);
    await api.createTopic('orders', 2);
    const producer = await api.registerProducer('orders');
    await api.produce({ topic: 'orders', producer, message: 'before anybody looked' });
    const consumer = await api.registerConsumer('orders');
    await api.consume({ topic: 'orders', consumer });
    await api.produce({ topic: 'orders', producer, message: 'not read yet' });

    const { page, faults, hosts } = await browser.open(cluster.node(0).url);
    await page.getByText('3 of 3 brokers active').waitFor();
    for (const name of ['broker-1', 'broker-2', 'broker-3']) {
      await page.getByRole('listitem').filter({ hasText: name }).waitFor();
    }
    const row = page.getByRole('row').filter({ hasText: 'orders' });
    await eventually('the topic is shown with its records and its consumer', async () => {
      const cells = await row.getByRole('cell').allTextContents();
      return cells[0] === '2' && cells[1] === '2' && cells[4] === `${consumer.slice(0, 8)}… 1`;
    });

    await page.getByLabel('Topic', { exact: true }).selectOption('orders');
    await page.getByLabel('From').selectOption('earliest');
    await page.getByRole('button', { name: 'Follow' }).click();
    const tail = page.getByLabel('Records, newest first').getByRole('listitem');
    await tail.filter({ hasText: 'before anybody looked' }).waitFor();
    await api.produce({ topic: 'orders', producer, message: hostile });
    await api.produce({ topic: 'orders', producer, message: 'after it' });
    await tail.filter({ hasText: hostile }).waitFor();
    await tail.filter({ hasText: 'after it' }).waitFor();
    assert.is(await tail.count(), 4);
    assert.is(await page.locator('#tail img, #tail script').count(), 0);
    await keepScreenshot(page, 'front-page-light');

    await page.getByRole('button', { name: 'Stop' }).click();
    await api.produce({ topic: 'orders', producer, message: 'unheard' });
    await page.getByRole('button', { name: 'Follow' }).waitFor();
    assert.is(await tail.count(), 4);
    assert.equal(faults, []);
    assert.equal([...hosts], [new URL(cluster.node(0).url).host]);
    await page.close();
  });

  inFullRuns(test)(
    'tells when no node answers any more, and goes on where it was when one does again',
    async () => {
      const api = cluster.api(0);
      await api.createTopic('followed', 1);
      const producer = await api.registerProducer('followed');
      const { page } = await browser.open(cluster.node(1).url, 'dark');
      await page.getByText('3 of 3 brokers active').waitFor();
      await page.getByLabel('Topic', { exact: true }).selectOption('followed');
      await page.getByLabel('From').selectOption('earliest');
      await page.getByRole('button', { name: 'Follow' }).click();
      await page.getByText('following followed').waitFor();
      await api.produce({ topic: 'followed', producer, message: 'before', partition: 0, sequence: 0 });
      const tail = page.getByLabel('Records, newest first').getByRole('listitem');
      await tail.filter({ hasText: 'before' }).waitFor();
      await cluster.node(1).kill();
      await page.getByRole('alert').getByText('No answer from this address').waitFor();
      await page.getByText('no answer', { exact: true }).waitFor();
      await keepScreenshot(page, 'front-page-dark-node-down');
      await eventually('a record is stored meanwhile', async () => {
        return (
          (
            await api.tryProduce({
              topic: 'followed',
              producer,
              message: 'meanwhile',
              partition: 0,
              sequence: 1,
            })
          ).status === 200
        );
      });
      cluster.node(1).start();
      await cluster.node(1).ready();
      await page.getByRole('alert').waitFor({ state: 'hidden' });
      await tail.filter({ hasText: 'meanwhile' }).waitFor();
      await page.getByText('following followed').waitFor();
      assert.equal((await tail.allTextContents()).length, 2);
      await page.close();
    },
  );

  test('says the lines to paste for its own address', async () => {
    const { url } = cluster.node(2);
    const { page } = await browser.open(url);
    const lines = (await page.locator('#curl').textContent()) ?? '';
    assert.ok(lines.startsWith(`BOARD=${url}\n`), lines);
    const pasted = spawnSync('sh', ['-c', lines], { encoding: 'utf8', timeout: 60_000 });
    assert.match(pasted.stdout, /"message":"Hello, board"/, pasted.stderr);
    assert.ok((await page.locator('#typescript').textContent())?.includes(`connect('${url}')`));
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByRole('button', { name: /Copied|Select/ }).waitFor();
    await page.close();
  });
}

if (program === undefined) test('is skipped without Chromium', () => undefined);
else cases(program);

test.run();
