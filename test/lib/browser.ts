/** Debian's Chromium for tests of pages, without a window, with a fresh profile, and with the screenshots kept. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';
import { findProgram } from './program.ts';

const SCREENSHOTS = join(findRepoRoot(import.meta.url), 'test-results');
/** Nothing of it may go out to the network or depend on the machine. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Undefined, after a loud line, where there is none. */
export function findChromium(): string | undefined {
  return findProgram('chromium', 'chromium');
}

export interface OpenPage {
  readonly page: Page;
  /** Everything that went wrong in it: exceptions, console errors (broken policies among them), dialogs. */
  readonly faults: readonly string[];
  /** The hosts that it asked for anything. */
  readonly hosts: ReadonlySet<string>;
}

export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(executablePath: string): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath, args: ARGS }));
  }

  async open(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<OpenPage> {
    const page = await this.#browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme });
    const faults: string[] = [];
    const hosts = new Set<string>();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('dialog', (dialog) => {
      faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
    await page.goto(url);
    return { page, faults, hosts };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}

export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const path = join(SCREENSHOTS, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  process.stdout.write(`screenshot: ${path}\n`);
}
