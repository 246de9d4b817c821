/** A command that finds no node says what it waits for, and to people only. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Child } from '../lib/child.ts';
import { MAIN } from '../lib/cluster.ts';
import { eventually } from '../lib/eventually.ts';
import { claimPorts } from '../lib/ports.ts';

test('a command whose addresses are refused tells of its wait; one that prints JSON does not', async () => {
  const url = `http://127.0.0.1:${await claimPorts(1)}`;
  const start = (...more: string[]): Child =>
    new Child([process.execPath, MAIN, 'topic', 'ls', '--url', url, ...more]);
  const [json, table] = [start('-o', 'json'), start()];
  try {
    await eventually('it tells of its wait', () => table.output.includes('\n'));
    assert.match(
      table.output,
      new RegExp(`^Waiting for ${url} \\(.*ECONNREFUSED.*\\): it is tried for 10 s`),
    );
    assert.is(json.output, '');
  } finally {
    await Promise.all([json.destroy(), table.destroy()]);
  }
});

test.run();
