/** Consumes and sizes. */
import * as assert from 'uvu/assert';
import { failure, freshName, success } from './kit.ts';
import type { Client, ContractCase, Made } from './kit.ts';

const json = { 'content-type': 'application/json' };
const nothingThere = 'No messages to read from this partition';
const nothingNew = 'No new messages to read on any partition';

async function fill(client: Client, made: Made, partition: number, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    success(await client.produce(made, `p${partition}m${i}`, { partition_index: partition }));
  }
}

async function read(
  client: Client,
  made: Made,
  more: object = {},
  base: string = client.next(),
): Promise<unknown> {
  const { body } = success(await client.consume(made, more, base));
  return [body['partition_read'], body['message']];
}

function errors(client: Client): readonly ContractCase[] {
  return ['/consumer/consume', '/size'].map((path) => ({
    name: `${path} tells the topic, then the partition, then the consumer`,
    run: async () => {
      const made = await client.topic(2);
      const other = await client.topic(2);
      const ask = (fields: object): ReturnType<Client['call']> => client.call('GET', path, fields);
      failure(
        await ask({ topic: freshName(), consumer_id: 'nobody', partition_index: 9 }),
        'Topic does not exist.',
        'topic_not_found',
      );
      failure(
        await ask({ topic: made.topic, consumer_id: 'nobody', partition_index: 9 }),
        'Invalid partition number.',
        'invalid_partition',
      );
      for (const id of ['nobody', '', other.consumer, made.producer]) {
        const text = 'Consumer not registered with topic.';
        failure(
          await ask({ topic: made.topic, consumer_id: id, partition_index: 1 }),
          text,
          'consumer_not_registered',
        );
        failure(await ask({ topic: made.topic, consumer_id: id }), text, 'consumer_not_registered');
      }
      for (const index of ['2', '-1', '0.5', '1e9', '1e999']) {
        const body = `{"topic":"${made.topic}","consumer_id":"${made.consumer}","partition_index":${index}}`;
        failure(await client.call('GET', path, body, json), 'Invalid partition number.', 'invalid_partition');
      }
    },
  }));
}

function reads(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'each consumer reads each record once, in the order of its partition, at any node',
      run: async () => {
        const made = await client.topic(2);
        await fill(client, made, 1, 6);
        const second = { ...made, consumer: await client.consumer(made.topic) };
        for (const reader of [made, second]) {
          for (let i = 0; i < 6; i += 1) {
            assert.equal(await read(client, reader, { partition_index: 1 }), [1, `p1m${i}`]);
          }
          failure(await client.consume(reader, { partition_index: 1 }), nothingThere, 'empty_partition');
        }
        failure(await client.consume(made, { partition_index: 0 }), nothingThere);
        failure(await client.consume(made), nothingNew, 'empty_partition');
      },
    },
    {
      name: 'without a partition the turn starts at 0, skips empty partitions, and an explicit one does not move it',
      run: async () => {
        const made = await client.topic(3);
        const base = client.node(0);
        failure(await client.consume(made, {}, base), nothingNew);
        await fill(client, made, 0, 3);
        await fill(client, made, 2, 3);
        assert.equal(await read(client, made, {}, base), [0, 'p0m0']);
        assert.equal(await read(client, made, {}, base), [2, 'p2m0']);
        assert.equal(await read(client, made, {}, base), [0, 'p0m1']);
        assert.equal(await read(client, made, { partition_index: 0 }, base), [0, 'p0m2']);
        assert.equal(await read(client, made, {}, base), [2, 'p2m1']);
        assert.equal(await read(client, made, {}, base), [2, 'p2m2']);
        failure(await client.consume(made, {}, base), nothingNew);
      },
    },
    {
      name: 'parallel consumes of one consumer at all nodes never get the same record',
      run: async () => {
        const made = await client.topic(2);
        await fill(client, made, 0, 20);
        await fill(client, made, 1, 20);
        const answers = await Promise.all(
          Array.from({ length: 40 }, (_, i) => client.consume(made, {}, client.node(i))),
        );
        assert.is(new Set(answers.map((answer) => success(answer).body['message'])).size, 40);
        failure(await client.consume(made), nothingNew);
      },
    },
    {
      name: 'what was produced at one node is read at another, at once',
      run: async () => {
        const made = await client.topic(1);
        for (const [i, writer] of client.bases.entries()) {
          for (const [j, reader] of client.bases.entries()) {
            success(await client.produce(made, `${i} to ${j}`, {}, writer));
            assert.equal(await read(client, made, {}, reader), [0, `${i} to ${j}`]);
          }
        }
      },
    },
  ];
}

function sizes(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'size counts what is committed and not read by this consumer, always as a list',
      run: async () => {
        const made = await client.topic(3);
        const empty = [0, 1, 2].map((partition_number) => ({ partition_number, size: 0 }));
        assert.equal(success(await client.size(made)).body, { status: 'success', sizes: empty });
        await fill(client, made, 0, 2);
        await fill(client, made, 2, 3);
        await read(client, made, { partition_index: 2 });
        const expected = [
          { partition_number: 0, size: 2 },
          { partition_number: 1, size: 0 },
          { partition_number: 2, size: 2 },
        ];
        assert.equal(success(await client.size(made)).body['sizes'], expected);
        for (const [index, one] of expected.entries()) {
          assert.equal(success(await client.size(made, { partition_index: index })).body['sizes'], [one]);
        }
        const fresh = { ...made, consumer: await client.consumer(made.topic) };
        assert.equal(success(await client.size(fresh, { partition_index: 2 })).body['sizes'], [
          { partition_number: 2, size: 3 },
        ]);
      },
    },
    {
      name: 'parameters come in a query string too when there is no body',
      run: async () => {
        const made = await client.topic(2);
        await fill(client, made, 1, 1);
        const query = `topic=${made.topic}&consumer_id=${made.consumer}`;
        const size = success(await client.call('GET', `/size?${query}&partition_index=1`));
        assert.equal(size.body['sizes'], [{ partition_number: 1, size: 1 }]);
        failure(
          await client.call('GET', `/size?${query}&partition_index=one`),
          "'one' is not of type 'number'",
        );
        failure(await client.call('GET', `/size?${query}&partition_index=-1`), 'Invalid partition number.');
        failure(await client.call('GET', '/size?topic=x'), "'consumer_id' is a required property");
        const consumed = success(await client.call('GET', `/consumer/consume?${query}&partition_index=1`));
        assert.is(consumed.body['message'], 'p1m0');
        // A body counts more than a query string, and a POST has no query string at all.
        failure(await client.call('GET', `/size?${query}`, {}), "'topic' is a required property");
        failure(
          await client.call('POST', `/consumer/register?topic=${made.topic}`),
          'Please send valid JSON data with request.',
        );
      },
    },
  ];
}

export function consumeCases(client: Client): readonly ContractCase[] {
  return [...errors(client), ...reads(client), ...sizes(client)];
}
