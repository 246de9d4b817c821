/** The documentation points at what is there: its links, the tests it names, and every promise. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findRepoRoot } from '../../scripts/lib/repo-root.ts';

const test = suite('documentation');
const root = findRepoRoot(import.meta.url);
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'examples/README.md', ...docs.map((name) => `docs/${name}`)];

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** As web pages of repositories make them of headings. */
function anchors(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test('every link leads somewhere', () => {
  for (const page of pages) {
    const text = read(page).replace(/^```.*?^```/gms, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      assert.ok(existsSync(join(root, file)), `${page} points at ${target}`);
      if (anchor !== undefined) assert.ok(anchors(file).includes(anchor), `${page}: no heading #${anchor}`);
    }
  }
});

test('every file that is named exists', () => {
  for (const page of pages) {
    for (const [, path = ''] of read(page).matchAll(
      /`((?:test|sim|src|client\/src|deploy|config)\/[\w./-]+)`/g,
    )) {
      assert.ok(existsSync(join(root, path)), `${page} names ${path}`);
    }
  }
});

test('the index lists every page', () => {
  const index = read('docs/README.md');
  for (const name of docs) {
    if (name !== 'README.md') assert.ok(index.includes(name), `${name} is not in docs/README.md`);
  }
});

test('each promise has its line, with a test or checker that holds it', () => {
  const numbers = ['S4b', ...Array.from({ length: 22 }, (_, i) => `S${i + 1}`)];
  const rows = read('docs/guarantees.md')
    .split('\n')
    .filter((line) => /^\| S\d/.test(line));
  for (const number of numbers) {
    const row = rows.find((line) => (line.split('|')[1] ?? '').trim().split(', ').includes(number));
    assert.ok(row !== undefined, `${number} has no line`);
    assert.match(row.split('|').at(-2) ?? '', /(test|sim)\/|the same|simulator/, number);
  }
});

test.run();
