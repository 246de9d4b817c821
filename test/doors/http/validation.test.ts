// Every field of every endpoint: absent, in the wrong type, in the right one, in the order of the schema.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultLimits } from '@callboard/client/protocol';
import { endpoints } from '../../../src/doors/http/endpoints.ts';
import { parseJsonText } from '../../../src/doors/http/json.ts';
import { parseQuery } from '../../../src/doors/http/query.ts';
import { parseTarget } from '../../../src/doors/http/routes.ts';
import { invalidJson, validate } from '../../../src/doors/http/validation.ts';
import type { Field, Schema } from '../../../src/doors/http/validation.ts';

const all = endpoints(defaultLimits);
const withSchema = all.flatMap(({ method, path, schema }) =>
  schema === undefined ? [] : [{ name: `${method} ${path}`, schema }],
);

const fault = (source: string, schema: Schema): string | undefined => {
  const result = validate(parseJsonText(source), schema);
  return 'fault' in result ? result.fault : undefined;
};

const right = ({ type }: Field): string => (type === 'string' ? '"x"' : '1');
const object = (fields: readonly (readonly [string, string])[]): string =>
  `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
const valid = (schema: Schema): (readonly [string, string])[] =>
  schema.map((field) => [field.name, right(field)]);

/** JSON and its print, for each type the values that do not have it. */
const wrong: Readonly<Record<Field['type'], readonly (readonly [string, string])[]>> = {
  string: [
    ['1', '1'],
    ['1.0', '1.0'],
    ['true', 'True'],
    ['null', 'None'],
    ['[]', '[]'],
    ['{"a":null}', "{'a': None}"],
  ],
  number: [
    ['"x"', "'x'"],
    ['"1"', "'1'"],
    ['"it\'s"', '"it\'s"'],
    ['true', 'True'],
    ['false', 'False'],
    ['null', 'None'],
    ['[1]', '[1]'],
    ['{}', '{}'],
  ],
};

test('the schemas are those of the contract, in its order', () => {
  const fields = Object.fromEntries(
    all.map(({ method, path, schema }) => [
      `${method} ${path}`,
      schema?.map(({ name, type, required }) => `${name}${required ? '*' : ''} ${type}`).join(', '),
    ]),
  );
  const reading = 'topic* string, partition_index number, consumer_id* string';
  const admin = 'broker_host* string, token* string';
  assert.equal(fields, {
    'GET /topics': undefined,
    'POST /topics': 'name* string, number_of_partitions number',
    'POST /producer/register': 'topic* string',
    'POST /consumer/register': 'topic* string',
    'POST /producer/produce':
      'topic* string, producer_id* string, message* string, partition_index number, sequence number',
    'GET /consumer/consume': reading,
    'GET /size': reading,
    'POST /admin/broker/add': admin,
    'POST /admin/broker/remove': admin,
    'POST /admin/broker/activate': admin,
    'POST /admin/broker/deactivate': admin,
  });
});

for (const { name, schema } of withSchema) {
  const required = schema.filter((field) => field.required);

  test(`${name}: what is no JSON, and null`, () => {
    assert.is(fault('{', schema), invalidJson);
    assert.is(fault('null', schema), invalidJson);
  });

  test(`${name}: what is no object`, () => {
    for (const [source, printed] of [
      ['[]', '[]'],
      ['1', '1'],
      ['""', "''"],
      ['false', 'False'],
      ['[1.0,null]', '[1.0, None]'],
    ] as const) {
      assert.is(fault(source, schema), `${printed} is not of type 'object'`);
    }
  });

  test(`${name}: missing fields are told in schema order, before any wrong type`, () => {
    assert.is(fault('{}', schema), `'${required[0]?.name}' is a required property`);
    for (const field of required) {
      const others = schema.filter((other) => other !== field).map((other) => [other.name, '[]'] as const);
      assert.is(fault(object(others), schema), `'${field.name}' is a required property`);
    }
    required.forEach((field, index) => {
      const before = required.slice(0, index).map((other) => [other.name, right(other)] as const);
      assert.is(fault(object(before), schema), `'${field.name}' is a required property`);
    });
  });

  test(`${name}: each wrong type of each field, alone`, () => {
    for (const field of schema) {
      for (const [source, printed] of wrong[field.type]) {
        const fields = valid(schema).map(
          ([key, value]) => [key, key === field.name ? source : value] as const,
        );
        assert.is(fault(object(fields), schema), `${printed} is not of type '${field.type}'`);
      }
    }
  });

  test(`${name}: of several wrong types the first in schema order is told, whatever the order sent`, () => {
    schema.forEach((field, index) => {
      const fields = schema.map((other, at) => [other.name, at < index ? right(other) : `[${at}]`] as const);
      assert.is(fault(object(fields.toReversed()), schema), `[${index}] is not of type '${field.type}'`);
    });
  });

  test(`${name}: all fields, only the required ones, unknown ones besides`, () => {
    assert.is(fault(object(valid(schema)), schema), undefined);
    assert.is(fault(object(valid(required)), schema), undefined);
    assert.is(fault(object([...valid(schema), ['extra', '[{}]'], ['__proto__', '1']]), schema), undefined);
  });
}

test('numbers of every form pass as numbers', () => {
  const schema: Schema = [{ name: 'n', type: 'number', required: true }];
  for (const [source, value] of [
    ['1', 1],
    ['1.0', 1],
    ['1e2', 100],
    ['-0.5', -0.5],
    ['1e999', Infinity],
  ] as const) {
    const result = validate(parseJsonText(`{"n":${source}}`), schema);
    assert.is('fields' in result && result.fields.number('n'), value);
  }
});

test('a query string gives numbers where numbers are wanted, and texts elsewhere', () => {
  const schema: Schema = [
    { name: 'topic', type: 'string', required: true },
    { name: 'partition_index', type: 'number', required: false },
  ];
  const read = (query: string): unknown => {
    const object = parseQuery(query, schema);
    if (object === undefined) return undefined;
    const result = validate(object, schema);
    return 'fault' in result
      ? result.fault
      : [result.fields.text('topic'), result.fields.number('partition_index')];
  };
  assert.is(read(''), undefined);
  assert.equal(read('topic=1&partition_index=1'), ['1', 1]);
  assert.equal(read('partition_index=-1.0&topic=a%20b+c'), ['a b c', -1]);
  assert.equal(read('topic=a&topic=b&x=1'), ['b', undefined]);
  assert.is(read('topic=a&partition_index=one'), "'one' is not of type 'number'");
  assert.is(read('topic=a&partition_index='), "'' is not of type 'number'");
  assert.is(read('x=1'), "'topic' is a required property");
});

test('a request target is split into path and query, whatever stands before it', () => {
  assert.equal(parseTarget('/size?topic=a?b'), { path: '/size', query: 'topic=a?b' });
  assert.equal(parseTarget('http://host:80/size?x'), { path: '/size', query: 'x' });
  assert.equal(parseTarget('http://host'), { path: '/', query: '' });
  assert.equal(parseTarget('*'), { path: '*', query: '' });
});

test.run();
