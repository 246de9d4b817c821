/** Validation over the wire: the whole table stands in validation.test.ts, here each endpoint proves that it is wired up. */
import { failure, invalidJson } from './kit.ts';
import type { Client, ContractCase } from './kit.ts';

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
}

const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/topics', texts: ['name'], numbers: ['number_of_partitions'] },
  { method: 'POST', path: '/producer/register', texts: ['topic'], numbers: [] },
  { method: 'POST', path: '/consumer/register', texts: ['topic'], numbers: [] },
  {
    method: 'POST',
    path: '/producer/produce',
    texts: ['topic', 'producer_id', 'message'],
    numbers: ['partition_index', 'sequence'],
  },
  { method: 'GET', path: '/consumer/consume', texts: ['topic', 'consumer_id'], numbers: ['partition_index'] },
  { method: 'GET', path: '/size', texts: ['topic', 'consumer_id'], numbers: ['partition_index'] },
  ...['add', 'remove', 'activate', 'deactivate'].map((action) => ({
    method: 'POST',
    path: `/admin/broker/${action}`,
    texts: ['broker_host', 'token'],
    numbers: [],
  })),
];

const json = { 'content-type': 'application/json' };

function objectsOf(client: Client, { method, path }: Endpoint): ContractCase {
  return {
    name: `${method} ${path}: what is no JSON, null, or no object`,
    run: async () => {
      const bad = [
        '',
        '{',
        '{"a":1,}',
        "{'a':1}",
        'NaN',
        'null',
        ' null ',
        '\ufeff',
        '{"a":"\n"}',
        'topic=a',
      ];
      for (const body of bad) {
        failure(await client.call(method, path, body, json), invalidJson, 'bad_request');
      }
      failure(await client.call(method, path), invalidJson);
      for (const [body, printed] of [
        ['[]', '[]'],
        ['"x"', "'x'"],
        ['"it\'s"', '"it\'s"'],
        ['1', '1'],
        ['1.0', '1.0'],
        ['true', 'True'],
        ['[{"a":null}]', "[{'a': None}]"],
      ] as const) {
        failure(
          await client.call(method, path, body, json),
          `${printed} is not of type 'object'`,
          'bad_request',
        );
      }
    },
  };
}

function fieldsOf(client: Client, { method, path, texts, numbers }: Endpoint): ContractCase {
  return {
    name: `${method} ${path}: missing fields, then wrong types, in schema order`,
    run: async () => {
      const all = Object.fromEntries([
        ...texts.map((name) => [name, 'x']),
        ...numbers.map((name) => [name, 0]),
      ]);
      for (const name of texts) {
        const { [name]: _, ...others } = all;
        const spoilt = Object.fromEntries(Object.keys(others).map((other) => [other, []]));
        failure(await client.call(method, path, others), `'${name}' is a required property`);
        failure(await client.call(method, path, spoilt), `'${name}' is a required property`);
        failure(await client.call(method, path, { ...all, [name]: 1 }), "1 is not of type 'string'");
        failure(await client.call(method, path, { ...all, [name]: null }), "None is not of type 'string'");
      }
      for (const name of numbers) {
        failure(await client.call(method, path, { ...all, [name]: 'x' }), "'x' is not of type 'number'");
        failure(await client.call(method, path, { ...all, [name]: '1' }), "'1' is not of type 'number'");
        failure(await client.call(method, path, { ...all, [name]: true }), "True is not of type 'number'");
        failure(
          await client.call(method, path, { ...all, [name]: { a: null } }),
          "{'a': None} is not of type 'number'",
        );
      }
    },
  };
}

export function validationCases(client: Client): readonly ContractCase[] {
  return [
    ...endpoints.flatMap((endpoint) => [objectsOf(client, endpoint), fieldsOf(client, endpoint)]),
    {
      name: 'numbers are printed as they were written',
      run: async () => {
        for (const [source, printed] of [
          ['1.0', '1.0'],
          ['1e16', '1e+16'],
          ['1e999', 'inf'],
          ['123456789012345678901234567890', '123456789012345678901234567890'],
          ['0.00001', '1e-05'],
        ] as const) {
          const answer = await client.call('POST', '/topics', `{"name":${source}}`, json);
          failure(answer, `${printed} is not of type 'string'`);
        }
      },
    },
    {
      name: 'consume and size tell the wrong partition_index before the wrong consumer_id',
      run: async () => {
        for (const path of ['/consumer/consume', '/size']) {
          const answer = await client.call('GET', path, { consumer_id: 1, partition_index: 'x', topic: 'x' });
          failure(answer, "'x' is not of type 'number'");
        }
      },
    },
  ];
}
