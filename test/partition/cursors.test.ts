/** What the table of cursors tells people; what it does is tested through the machine. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CursorTable } from '../../src/partition/cursors.ts';

const test = suite('recent cursors');

test('the consumers that moved last are named, the newest first, and no more than may be', () => {
  const table = new CursorTable(100, 3);
  assert.equal(table.recent(), []);
  for (const consumer of ['a', 'b', 'c', 'd']) table.move({ consumer, from: 0, to: 1 }, 9);
  table.move({ consumer: 'b', from: 1, to: 2 }, 9);
  const ids = (): readonly string[] => table.recent().map(({ id }) => id);
  assert.equal(table.recent()[0], { id: 'b', cursor: 2 });
  assert.equal(ids(), ['b', 'd', 'c']);
  table.move({ consumer: 'a', from: 0, to: 1 }, 9);
  assert.equal(ids(), ['b', 'd', 'c'], 'a move that did nothing names nobody');
  table.attach({ consumer: 'e', session: 1, start: 4, reset: false }, 9);
  table.advance({ consumer: 'e', session: 1, upTo: 6 }, 9);
  assert.equal([table.recent()[0], ids().length], [{ id: 'e', cursor: 6 }, 3]);
});

test.run();
