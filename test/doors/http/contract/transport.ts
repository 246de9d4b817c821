/** HTTP itself: bodies on GET, content types, encodings, methods, limits, and bytes that no honest client sends. */
import * as assert from 'uvu/assert';
import { answersIn } from '../client.ts';
import { failure, failureOf, freshName, invalidJson, success } from './kit.ts';
import type { Client, ContractCase, ContractOptions } from './kit.ts';

const json = { 'content-type': 'application/json' };
const head = (method: string, path: string, ...headers: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'host: test', 'connection: close', ...headers, '', ''].join('\r\n');

function bodies(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'content types: JSON in all its spellings passes, anything else is no JSON',
      run: async () => {
        const topic = freshName();
        success(await client.call('POST', '/topics', { name: topic }));
        const body = JSON.stringify({ topic });
        for (const type of [
          'application/json',
          'Application/JSON',
          'application/json; charset=utf-8',
          'application/json;charset="UTF-8"',
          'application/vnd.api+json',
        ]) {
          success(await client.call('POST', '/consumer/register', body, { 'content-type': type }));
        }
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'application/jsonp',
          'json',
          '',
          'text/json',
          'application/xjson',
          'multipart/form-data; boundary=application/json',
        ]) {
          failure(
            await client.call('POST', '/consumer/register', body, { 'content-type': type }),
            invalidJson,
          );
        }
        failure(await client.call('POST', '/consumer/register', body), invalidJson);
      },
    },
    {
      name: 'a byte order mark is skipped; other encodings, bad UTF-8 and deep nesting are no JSON',
      run: async () => {
        const topic = freshName();
        success(await client.call('POST', '/topics', { name: topic }));
        const text = JSON.stringify({ topic });
        const post = (body: Buffer | string): ReturnType<Client['call']> =>
          client.call('POST', '/consumer/register', body, json);
        success(await post(`\ufeff${text}`));
        failure(await post(Buffer.from(text, 'utf16le')), invalidJson);
        failure(
          await post(Buffer.concat([Buffer.from('{"topic":"'), Buffer.from([0xff]), Buffer.from('"}')])),
          invalidJson,
        );
        failure(await post('['.repeat(500_000)), invalidJson);
        failure(await post(`{"topic":"${topic}","x":${'['.repeat(1_000)}${']'.repeat(1_000)}}`), invalidJson);
        failure(await post(`{"topic":"${topic}","x":[${'1,'.repeat(200_000)}1]}`), invalidJson);
        success(
          await post(`{"topic":"${topic}","x":${'['.repeat(100)}${']'.repeat(100)},"__proto__":{"topic":1}}`),
        );
        success(await post(`{"topic":1,"topic":"${topic}"}`));
        failure(await post(`{"__proto__":{"topic":"${topic}"}}`), "'topic' is a required property");
      },
    },
    {
      name: 'a GET takes its parameters from a body, with a length or in chunks',
      run: async () => {
        const made = await client.topic(1);
        success(await client.produce(made, 'one'));
        const body = JSON.stringify({ topic: made.topic, consumer_id: made.consumer });
        const half = Math.floor(body.length / 2);
        const chunks = [body.slice(0, half), body.slice(half), ''].map(
          (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
        );
        const text = await client.raw(
          head('GET', '/consumer/consume', 'content-type: application/json', 'transfer-encoding: chunked'),
          chunks.join(''),
        );
        assert.equal(answersIn(text), [
          { status: 200, body: { status: 'success', message: 'one', partition_read: 0 } },
        ]);
        success(await client.size(made));
      },
    },
    {
      name: 'a body over the limit is refused, declared or counted, and the connection ends',
      run: async () => {
        const big = Buffer.alloc((2 << 20) + 1, 0x20);
        const declared = await client.call('POST', '/topics', big, json);
        failureOf(declared, 'record_too_large', 413);
        const chunked = await client.raw(
          head('POST', '/topics', 'content-type: application/json', 'transfer-encoding: chunked'),
          `${big.length.toString(16)}\r\n`,
          big,
          '\r\n0\r\n\r\n',
        );
        assert.is(answersIn(chunked)[0]?.status, 413);
        const announced = await client.raw(head('POST', '/topics', `content-length: ${2 ** 50}`));
        assert.is(answersIn(announced)[0]?.status, 413);
        const expected = await client.raw(
          head('POST', '/topics', `content-length: ${2 << 24}`, 'expect: 100-continue'),
        );
        assert.not.match(expected, /100 Continue/);
        assert.is(answersIn(expected)[0]?.status, 413);
      },
    },
  ];
}

function methods(client: Client, { proxied = false }: ContractOptions): readonly ContractCase[] {
  return [
    {
      name: 'unknown paths are 404, wrong methods 405 with what is allowed',
      run: async () => {
        for (const path of [
          '/nothing',
          '/topics/',
          '/Topics',
          '//topics',
          '/topics/x',
          '/producer',
          '/admin/broker',
          ...(proxied ? [] : ['/../etc/passwd', '/%2e%2e']),
          '/__proto__',
          '/constructor',
        ]) {
          for (const method of ['GET', 'POST', 'DELETE']) {
            failureOf(await client.call(method, path), 'bad_request', 404);
          }
        }
        const wrong: readonly (readonly [string, string, string])[] = [
          ['DELETE', '/topics', 'GET, HEAD, POST, OPTIONS'],
          ['PUT', '/topics', 'GET, HEAD, POST, OPTIONS'],
          ['GET', '/producer/register', 'POST, OPTIONS'],
          ['GET', '/producer/produce', 'POST, OPTIONS'],
          ['POST', '/consumer/consume', 'GET, OPTIONS'],
          ['HEAD', '/consumer/consume', 'GET, OPTIONS'],
          ['POST', '/size', 'GET, HEAD, OPTIONS'],
          ['GET', '/admin/broker/add', 'POST, OPTIONS'],
          ['POST', '/', 'GET, HEAD, OPTIONS'],
          ['PATCH', '/status', 'GET, HEAD, OPTIONS'],
        ];
        for (const [method, path, allow] of wrong) {
          const answer = await client.call(method, path);
          assert.is(answer.status, 405, `${method} ${path}`);
          assert.is(answer.headers.allow, allow, `${method} ${path}`);
          if (method !== 'HEAD') failureOf(answer, 'bad_request', 405);
        }
      },
    },
    {
      name: 'HEAD answers as GET without a body, OPTIONS says what is allowed',
      run: async () => {
        const headed = await client.call('HEAD', '/topics');
        assert.equal([headed.status, headed.text], [200, '']);
        assert.ok(Number(headed.headers['content-length']) > 0);
        const options = await client.call('OPTIONS', '/consumer/consume');
        assert.equal([options.status, options.headers.allow, options.text], [200, 'GET, OPTIONS', '']);
      },
    },
    {
      name: 'answers are never cached and never sniffed',
      run: async () => {
        for (const path of ['/topics', '/', '/status', '/nothing']) {
          const { headers } = await client.call('GET', path);
          assert.equal(
            [headers['cache-control'], headers['x-content-type-options']],
            ['no-store', 'nosniff'],
          );
        }
      },
    },
  ];
}

/** Bytes that two parsers might read differently: each is refused, and nothing behind it is taken for a request. */
const smuggled: readonly (readonly [string, string])[] = [
  [
    'both lengths',
    'content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n',
  ],
  ['two lengths', 'content-length: 2\r\ncontent-length: 3\r\n\r\n{}GET /x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a length that is none', 'content-length: +2\r\n\r\n{}'],
  ['a folded header', 'x: a\r\n content-length: 2\r\n\r\n{}'],
  ['chunked twice', 'transfer-encoding: xchunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['a blank before the colon', 'content-length : 2\r\n\r\n{}'],
  ['a null in a header', 'x: a\0b\r\n\r\n'],
];

function attacks(client: Client, { proxied = false }: ContractOptions): readonly ContractCase[] {
  return [
    ...smuggled.map(([name, bytes]) => ({
      name: `smuggling is refused: ${name}`,
      run: async () => {
        const text = await client.raw(
          `POST /topics HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${bytes}`,
        );
        const answers = answersIn(text);
        assert.equal(
          answers.map(({ status }) => status),
          [400],
          text,
        );
        assert.is(answers[0]?.body['status'], 'failure', text);
      },
    })),
    {
      name: 'what is not HTTP, and HTTP without a host, is refused in JSON',
      run: async () => {
        for (const bytes of [
          'hello\r\n\r\n',
          '\0\0\0\0\r\n\r\n',
          'GET /topics HTTP/1.1\r\n\r\n',
          // A proxy may still speak HTTP/0.9, whose answers have no head.
          ...(proxied ? [] : ['GET /topics\r\n\r\n']),
          'FETCH /topics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
        ]) {
          const [answer, ...more] = answersIn(await client.raw(bytes));
          assert.equal(
            [answer?.status, answer?.body['status'], more.length],
            [400, 'failure', 0],
            JSON.stringify(bytes),
          );
        }
      },
    },
    {
      name: 'too many headers and too long ones are refused in JSON',
      run: async () => {
        const many = Array.from({ length: 150 }, (_, i) => `x-${i}: 1`);
        const long = [`x: ${'x'.repeat(20_000)}`];
        for (const headers of [many, long]) {
          const [answer] = answersIn(await client.raw(head('GET', '/topics', ...headers)));
          assert.equal([answer?.status, answer?.body['status']], [431, 'failure']);
        }
        const [answer] = answersIn(await client.raw(head('GET', `/topics?${'x'.repeat(20_000)}`)));
        assert.is(answer?.status, 431);
      },
    },
    {
      name: 'line breaks in a name make no header, and expectations nobody meets are refused',
      run: async () => {
        const injected = await client.call('POST', '/consumer/register', { topic: 'a\r\nset-cookie: b' });
        assert.is(injected.headers['set-cookie'], undefined);
        failure(injected, 'Topic does not exist.');
        const [answer] = answersIn(await client.raw(head('GET', '/topics', 'expect: a miracle')));
        assert.equal([answer?.status, answer?.body['status']], [417, 'failure']);
      },
    },
    {
      name: 'requests on one connection are answered in order, also when all are sent at once',
      run: async () => {
        const topic = freshName();
        const body = JSON.stringify({ name: topic, number_of_partitions: 0 });
        const post = `POST /topics HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
        const text = await client.raw(
          `GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n${post}${post}${head('GET', '/healthz')}`,
        );
        assert.equal(
          answersIn(text).map(({ status }) => status),
          [404, 400, 400, 200],
        );
      },
    },
  ];
}

export function transportCases(client: Client, options: ContractOptions): readonly ContractCase[] {
  return [...bodies(client), ...methods(client, options), ...attacks(client, options)];
}
