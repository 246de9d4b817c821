/** What stands beside the table: pages and probes. */
import * as assert from 'uvu/assert';
import { success } from './kit.ts';
import type { Client, ContractCase } from './kit.ts';

export function browserCases(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'GET / is a page to a browser and a short text to curl',
      run: async () => {
        const page = await client.call('GET', '/', undefined, {
          accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
        });
        assert.is(page.status, 200);
        assert.match(String(page.headers['content-type']), /^text\/html/);
        assert.match(page.text, /^<!doctype html>/);
        for (const accept of ['*/*', undefined]) {
          const text = await client.call('GET', '/', undefined, accept === undefined ? {} : { accept });
          assert.is(text.status, 200);
          assert.match(String(text.headers['content-type']), /^text\/plain/);
          assert.match(text.text, /alive/);
          assert.ok(text.text.length < 200);
        }
      },
    },
    {
      name: 'the page loads nothing from elsewhere and runs nothing but its own files',
      run: async () => {
        const page = await client.call('GET', '/', undefined, { accept: 'text/html' });
        const policy = String(page.headers['content-security-policy']);
        assert.match(policy, /default-src 'none'/);
        assert.match(policy, /script-src 'self'(;|$)/);
        assert.not.match(policy, /unsafe|\*/);
        assert.not.match(page.text, /<script(?! type="module" src="\/page\/)|\son\w+=|https?:\/\//);
        const linked = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
        assert.ok(linked.includes('/page/app.js'));
        for (const path of linked) {
          const { status } = await client.call('GET', path);
          assert.is(status, 200, path);
        }
      },
    },
    {
      name: 'files of the page have a type and a tag, and are not sent twice',
      run: async () => {
        for (const [path, type] of [
          ['/page/app.js', 'text/javascript; charset=utf-8'],
          ['/page/style.css', 'text/css; charset=utf-8'],
          ['/page/icon.svg', 'image/svg+xml'],
          ['/callboard.js', 'text/javascript; charset=utf-8'],
        ] as const) {
          const first = await client.call('GET', path);
          assert.equal([first.status, first.headers['content-type']], [200, type], path);
          assert.equal(
            [first.headers['cache-control'], first.headers['x-content-type-options']],
            ['no-cache', 'nosniff'],
          );
          const tag = String(first.headers.etag);
          assert.match(tag, /^"[\w-]{22}"$/);
          for (const sent of [tag, `W/${tag}`, `"other", ${tag}`]) {
            const again = await client.call('GET', path, undefined, { 'if-none-match': sent });
            assert.equal([again.status, again.text, again.headers.etag], [304, '', tag], sent);
          }
          const other = await client.call('GET', path, undefined, { 'if-none-match': '"other"' });
          assert.equal([other.status, other.text === first.text], [200, true]);
        }
      },
    },
    {
      name: 'every node tells what it knows of the topics',
      run: async () => {
        for (const base of client.bases) {
          const { body } = success(await client.at(base, 'GET', '/status/topics'));
          assert.ok(Array.isArray(body['topics']));
          assert.type(body['omitted'], 'number');
        }
      },
    },
    {
      name: 'every node is healthy, ready, and has a status',
      run: async () => {
        for (const base of client.bases) {
          success(await client.at(base, 'GET', '/healthz'));
          success(await client.at(base, 'GET', '/readyz'));
          const status = await client.at(base, 'GET', '/status');
          assert.is(status.status, 200);
          assert.match(String(status.headers['content-type']), /^application\/json/);
          assert.type(JSON.parse(status.text), 'object');
        }
      },
    },
  ];
}
