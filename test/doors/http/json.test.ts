import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JsonNumber, parseJson, parseJsonText } from '../../../src/doors/http/json.ts';
import type { JsonValue } from '../../../src/doors/http/json.ts';

/** As JSON.parse would have it, to compare. */
function plain(value: JsonValue | undefined): unknown {
  if (value instanceof JsonNumber) return value.value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(plain);
  if (value instanceof Map) {
    return [...(value as ReadonlyMap<string, JsonValue>)].map(([name, item]) => [name, plain(item)]);
  }
  return value;
}

function entries(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(entries);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([name, item]) => [name, entries(item)]);
  }
  return value;
}

const sound: readonly string[] = [
  'null',
  ' true ',
  '\t\r\n false\n',
  '0',
  '-0.5e-3',
  '1E+2',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00"',
  '"\u007f\u2028 plain"',
  '[]',
  '[ ]',
  '[1,[2,[3]],{}]',
  '{ }',
  '{"a":{"b":[1,2,{"c":null}]},"":""}',
  `{"text":"${'x'.repeat(100_000)}"}`,
];

for (const source of sound) {
  test(`JSON: ${source.slice(0, 60).trim()}`, () => {
    assert.equal(plain(parseJsonText(source)), entries(JSON.parse(source)));
  });
}

const unsound: readonly string[] = [
  '',
  ' ',
  'nul',
  'True',
  'None',
  'NaN',
  'Infinity',
  '-Infinity',
  'undefined',
  '01',
  '-',
  '+1',
  '.5',
  '1.',
  '1e',
  '0x10',
  '1_000',
  '"',
  '"a',
  '"\n"',
  '"\u0000"',
  '"\\x41"',
  '"\\u12"',
  '"\\u12g4"',
  "'a'",
  '[',
  '[1',
  '[1,]',
  '[,1]',
  '[1 2]',
  '{',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  "{'a':1}",
  '{"a":1 "b":2}',
  '{1:2}',
  'null null',
  '{}}',
  '{} // comment',
  '/* comment */ {}',
  '\u00a0{}',
  '\ufeff\ufeff{}',
];

for (const source of unsound) {
  test(`not JSON: ${JSON.stringify(source)}`, () => {
    assert.is(parseJson(Buffer.from(source, 'utf8')), undefined);
    assert.throws(() => JSON.parse(source));
  });
}

test('bytes that are not UTF-8 are not JSON', () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc3, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0xff, 0xfe, 0x31, 0x00],
  ]) {
    assert.is(parseJson(Buffer.from(bytes)), undefined);
  }
});

test('a byte order mark is skipped', () => {
  assert.equal(plain(parseJson(Buffer.from('\ufeff{"a":1}', 'utf8'))), [['a', 1]]);
});

test('of duplicate names the last one counts, at the place of the first', () => {
  assert.equal(plain(parseJsonText('{"a":1,"b":2,"a":3}')), [
    ['a', 3],
    ['b', 2],
  ]);
});

test('no name is special', () => {
  const value = parseJsonText('{"__proto__":{"polluted":1},"constructor":2,"toString":3}');
  assert.equal(plain(value), [
    ['__proto__', [['polluted', 1]]],
    ['constructor', 2],
    ['toString', 3],
  ]);
  assert.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test('numbers keep their source', () => {
  for (const source of ['1.0', '1', '1e999', '123456789012345678901234567890', '-0']) {
    const value = parseJsonText(source);
    assert.is(value instanceof JsonNumber && value.source, source);
  }
});

test('depth and number of values are bounded', () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.is.not(parseJsonText(deep(200)), undefined);
  assert.is(parseJsonText(deep(201)), undefined);
  assert.is(parseJsonText('[{"a":'.repeat(500_000)), undefined);
  assert.is.not(parseJsonText(`[${'1,'.repeat(16_382)}1]`), undefined);
  assert.is(parseJsonText(`[${'1,'.repeat(16_383)}1]`), undefined);
});

test.run();
