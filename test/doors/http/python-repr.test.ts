import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseJsonText } from '../../../src/doors/http/json.ts';
import { pythonRepr } from '../../../src/doors/http/python-repr.ts';

/** JSON on the left, what Python prints for the value that its own parser makes of it on the right. */
const table: readonly (readonly [string, string])[] = [
  ['true', 'True'],
  ['false', 'False'],
  ['null', 'None'],

  ['0', '0'],
  ['-0', '0'],
  ['1', '1'],
  ['-17', '-17'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['-9007199254740993', '-9007199254740993'],

  ['1.0', '1.0'],
  ['-1.0', '-1.0'],
  ['0.0', '0.0'],
  ['-0.0', '-0.0'],
  ['-0e0', '-0.0'],
  ['1e0', '1.0'],
  ['1E2', '100.0'],
  ['1.50', '1.5'],
  ['0.1', '0.1'],
  ['0.10000000000000000000001', '0.1'],
  ['12345.678', '12345.678'],
  ['1e15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['1e22', '1e+22'],
  ['1e23', '1e+23'],
  ['123456789012345680.0', '1.2345678901234568e+17'],
  ['9007199254740993.0', '9007199254740992.0'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['1.5e-7', '1.5e-07'],
  ['0.00012345', '0.00012345'],
  ['5e-324', '5e-324'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
  ['1.5e300', '1.5e+300'],
  ['1e999', 'inf'],
  ['-1e999', '-inf'],
  ['1e-999', '0.0'],

  ['""', "''"],
  ['"x"', "'x'"],
  ['"it\'s"', '"it\'s"'],
  ['"say \\"hi\\""', '\'say "hi"\''],
  ['"it\'s \\"both\\""', "'it\\'s \"both\"'"],
  ['"back\\\\slash"', "'back\\\\slash'"],
  ['"a\\nb\\tc\\rd"', "'a\\nb\\tc\\rd'"],
  ['"\\u0000\\u0007\\b\\f\\u001b\\u007f"', "'\\x00\\x07\\x08\\x0c\\x1b\\x7f'"],
  ['"\\u0080\\u00a0\\u00ad"', "'\\x80\\xa0\\xad'"],
  ['"\\u200b\\u2028\\u3000\\ufeff\\ue000"', "'\\u200b\\u2028\\u3000\\ufeff\\ue000'"],
  ['"\\ud800"', "'\\ud800'"],
  ['"\\udc00\\ud800"', "'\\udc00\\ud800'"],
  ['"\\udbff\\udfff"', "'\\U0010ffff'"],
  ['"\\u00e9 \\u4f60 \\ud83d\\ude00"', "'é 你 😀'"],
  ['"é你😀"', "'é你😀'"],

  ['[]', '[]'],
  ['[1, 2.0, "x", null, [true]]', "[1, 2.0, 'x', None, [True]]"],
  ['{}', '{}'],
  ['{"a": null}', "{'a': None}"],
  ['{"b": {"c": []}, "it\'s": 1e1}', "{'b': {'c': []}, \"it's\": 10.0}"],
  ['{"a": 1, "b": 2, "a": 3}', "{'a': 3, 'b': 2}"],
  ['{"__proto__": 1, "2": 2, "1": 1}', "{'__proto__': 1, '2': 2, '1': 1}"],
];

for (const [source, printed] of table) {
  test(`${source} is printed as ${printed}`, () => {
    const value = parseJsonText(source);
    assert.is.not(value, undefined);
    assert.is(pythonRepr(value ?? null), printed);
  });
}

test('a printed value is cut where nobody would read on', () => {
  const text = pythonRepr('x'.repeat(100_000));
  assert.is(text.length, 65_537);
  assert.ok(text.endsWith('x…'));
});

test.run();
