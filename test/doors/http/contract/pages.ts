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
