// timeout: 120 s
// weight: heavy
/** The chat of the examples, in two windows of Debian's Chromium. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startBroker } from '../../src/index.ts';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { TestBrowser, findChromium, keepScreenshot } from '../lib/browser.ts';
import { Child } from '../lib/child.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';

const test = suite('chat');
const chromium = findChromium();
const serve = join(findRepoRoot(import.meta.url), 'examples/chat/serve.mjs');

function cases(program: string): void {
  test('what one window says the other one hears, as text and in order', async () => {
    const port = await claimPorts(1);
    const origin = `http://localhost:${port}`;
    const broker = await startBroker({ allowedOrigins: [origin] });
    const server = new Child([process.execPath, serve, broker.httpUrl, String(port)]);
    const browser = await TestBrowser.launch(program);
    try {
      await eventually('the chat is served', () => server.output.includes(origin));
      const [first, second] = [await browser.open(origin), await browser.open(origin)];
      const windows = [first, second];
      const said = ['Good evening', '<b>places</b>, please', 'Thank you, places'];
      for (const [turn, text] of said.entries()) {
        const { page } = turn % 2 === 0 ? first : second;
        await page.getByText('connected to').waitFor();
        await page.getByLabel('Your name').fill(`window ${(turn % 2) + 1}`);
        await page.getByLabel('Message', { exact: true }).fill(text);
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByLabel('Messages').getByText(text).waitFor();
      }
      const expected = said.map((text, turn) => `window ${(turn % 2) + 1} ${text}`);
      for (const { page, faults } of windows) {
        await page.getByText('Thank you, places').waitFor();
        assert.equal(await page.getByRole('listitem').allTextContents(), expected);
        assert.equal(faults, []);
      }
      await keepScreenshot(first.page, 'chat');
    } finally {
      await browser.close();
      await server.destroy();
      await broker.close();
    }
  });
}

if (chromium === undefined) test('is skipped without Chromium', () => undefined);
else cases(chromium);

test.run();
