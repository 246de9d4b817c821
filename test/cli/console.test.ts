// What commands print: colours only where a terminal shows them, tables that line up, times and sizes for people.
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesText, Console, durationText, outputFormat } from '../../src/cli/console.ts';
import { parseFrom } from '../../src/cli/commands/consume.ts';
import { recordOf } from '../../src/cli/commands/produce.ts';

function consoleOn(
  terminal: boolean,
  env: Record<string, string> = {},
): { readonly out: Console; text(): string } {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal });
  const out = new Console('table', env, stream as unknown as NodeJS.WriteStream);
  return { out, text: () => String(stream.read() ?? '') };
}

test('colours are for terminals, and not where NO_COLOR is set', () => {
  assert.is(consoleOn(true).out.tone('x', 'bad'), '\u001b[31mx\u001b[0m');
  assert.is(consoleOn(false).out.tone('x', 'bad'), 'x');
  assert.is(consoleOn(true, { NO_COLOR: '1' }).out.tone('x', 'bad'), 'x');
  assert.is(consoleOn(true, { TERM: 'dumb' }).out.tone('x', 'bad'), 'x');
});

test('columns line up, whatever is coloured in them', async () => {
  const { out, text } = consoleOn(true);
  const rows = [
    ['a', out.tone('good', 'good'), 5],
    ['longer', 'x', 1_234],
  ];
  await out.table(['NAME', 'STATE', 'COUNT'], rows);
  const plain = text().replaceAll(/\u001b\[\d+m/g, '');
  assert.is(plain, 'NAME    STATE  COUNT\na       good       5\nlonger  x       1234\n');
});

test('sizes and times are for people', () => {
  assert.equal([0, 1_023, 1_536, 12 * 2 ** 30].map(bytesText), ['0 B', '1023 B', '1.5 KiB', '12.0 GiB']);
  assert.equal([0, 59, 61, 3_600, 90_061].map(durationText), ['0s', '59s', '1m 1s', '1h 0m', '1d 1h']);
});

test('formats, places and keys are read as they are meant', () => {
  assert.is(outputFormat('json'), 'json');
  assert.throws(() => outputFormat('yaml'), /table or json/);
  assert.equal(parseFrom('17'), { offset: 17 });
  assert.equal(parseFrom('2030-01-31T12:00:00Z'), { time: Date.parse('2030-01-31T12:00:00Z') });
  assert.throws(() => parseFrom('1 January'), /earliest, latest/);
  assert.equal(recordOf('k:v:w', { keySeparator: ':', partition: undefined }), { key: 'k', value: 'v:w' });
  assert.equal(recordOf('plain', { keySeparator: ':', partition: 2 }), { value: 'plain', partition: 2 });
});

test.run();
