/** Topics and registrations. */
import * as assert from 'uvu/assert';
import { failure, failureOf, freshName, success } from './kit.ts';
import type { Client, ContractCase } from './kit.ts';

const json = { 'content-type': 'application/json' };

async function partitionsOf(client: Client, topic: string): Promise<unknown> {
  return success(await client.call('POST', '/consumer/register', { topic })).body['partition_count'];
}

function creations(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'a topic is created with two partitions, or as many as asked, and once only',
      run: async () => {
        const [plain, five, float] = [freshName(), freshName(), freshName()];
        const answer = success(await client.call('POST', '/topics', { name: plain }));
        assert.equal(answer.body, { status: 'success', message: `Topic '${plain}' created successfully.` });
        success(await client.call('POST', '/topics', { name: five, number_of_partitions: 5 }));
        success(await client.call('POST', '/topics', `{"name":"${float}","number_of_partitions":3.0}`, json));
        assert.equal(
          [
            await partitionsOf(client, plain),
            await partitionsOf(client, five),
            await partitionsOf(client, float),
          ],
          [2, 5, 3],
        );
        failure(
          await client.call('POST', '/topics', { name: plain, number_of_partitions: 9 }),
          'Topic already exists.',
          'topic_exists',
        );
      },
    },
    {
      name: 'impossible numbers of partitions are refused, and nothing is created',
      run: async () => {
        const name = freshName();
        for (const count of [
          '0',
          '-1',
          '0.5',
          '2.5',
          '1001',
          '1e999',
          '-1e999',
          '99999999999999999999',
          '-0',
        ]) {
          const answer = await client.call(
            'POST',
            '/topics',
            `{"name":"${name}","number_of_partitions":${count}}`,
            json,
          );
          failureOf(answer, 'bad_request');
          assert.is(answer.body['outcome'], 'not_applied');
        }
        failure(await client.call('POST', '/consumer/register', { topic: name }), 'Topic does not exist.');
      },
    },
    {
      name: 'topic names: what is allowed works everywhere, what is not is refused at creation only',
      run: async () => {
        const tail = freshName();
        for (const name of [
          `a:b:${tail}`,
          `..${tail}`,
          `A_b-C.9${tail}`,
          `${tail}${'x'.repeat(200 - tail.length)}`,
          `con${tail}`,
        ]) {
          const answer = success(await client.call('POST', '/topics', { name, number_of_partitions: 1 }));
          assert.is(answer.body['message'], `Topic '${name}' created successfully.`);
          const made = {
            topic: name,
            producer: await client.producer(name),
            consumer: await client.consumer(name),
          };
          success(await client.produce(made, 'hello'));
          assert.is(success(await client.consume(made)).body['message'], 'hello');
        }
        const long = 'x'.repeat(300);
        const bad = [
          '',
          ' ',
          '.',
          '..',
          '...',
          'a b',
          'a/b',
          '../x',
          '..%2fx',
          'a\0b',
          'a\nb',
          'a\r\nX: y',
          long,
          'é',
          '😀',
          '\ud800',
          "a'b",
          'a"b',
          '$SYS?',
          '*',
          '__proto__ ',
        ];
        for (const name of bad) {
          failureOf(await client.call('POST', '/topics', { name }), 'bad_request');
          failureOf(await client.call('POST', '/producer/register', { topic: name }), 'bad_request');
          failure(
            await client.call('POST', '/consumer/register', { topic: name }),
            'Topic does not exist.',
            'topic_not_found',
          );
          const fields = { topic: name, producer_id: 'x', consumer_id: 'x', message: 'x' };
          failure(await client.call('POST', '/producer/produce', fields), 'Topic does not exist.');
          failure(await client.call('GET', '/consumer/consume', fields), 'Topic does not exist.');
          failure(await client.call('GET', '/size', fields), 'Topic does not exist.');
        }
      },
    },
  ];
}

function lists(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'every node lists the topics in the order of their creation, without repeats',
      run: async () => {
        const names = [freshName(), freshName(), freshName(), freshName()];
        for (const name of names) {
          success(await client.call('POST', '/topics', { name, number_of_partitions: 1 }));
        }
        for (const base of client.bases) {
          const { body } = success(await client.at(base, 'GET', '/topics'));
          const topics = body['topics'] as string[];
          assert.equal(
            topics.filter((name) => names.includes(name)),
            names,
          );
          assert.is(new Set(topics).size, topics.length);
        }
      },
    },
    {
      name: 'the list of topics needs no body and minds none',
      run: async () => {
        success(await client.call('GET', '/topics', '{', json));
        success(await client.call('GET', '/topics', 'x', { 'content-type': 'text/plain' }));
        success(await client.call('GET', '/topics?x=1'));
      },
    },
    {
      name: 'of parallel creations of one topic at all nodes exactly one succeeds',
      run: async () => {
        const name = freshName();
        const answers = await Promise.all(
          [0, 1, 2, 3, 4, 5].map((node) => client.at(client.node(node), 'POST', '/topics', { name })),
        );
        assert.is(answers.filter(({ status }) => status === 200).length, 1);
        for (const answer of answers) {
          if (answer.status !== 200) failure(answer, 'Topic already exists.', 'topic_exists');
        }
      },
    },
  ];
}

function registrations(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'registering a producer creates an unknown topic with two partitions',
      run: async () => {
        const topic = freshName();
        const { body } = success(await client.call('POST', '/producer/register', { topic }));
        assert.match(String(body['producer_id']), /^[0-9a-f]{32}$/);
        assert.equal(body, { status: 'success', producer_id: body['producer_id'], partition_count: 2 });
        const { topics } = success(await client.call('GET', '/topics')).body as { topics?: string[] };
        assert.ok(topics?.includes(topic));
        failure(await client.call('POST', '/topics', { name: topic }), 'Topic already exists.');
      },
    },
    {
      name: 'parallel registrations for an unknown topic all succeed, with ids of their own',
      run: async () => {
        const topic = freshName();
        const answers = await Promise.all(
          [0, 1, 2, 3, 4, 5].map((node) =>
            client.at(client.node(node), 'POST', '/producer/register', { topic }),
          ),
        );
        assert.is(new Set(answers.map((answer) => success(answer).body['producer_id'])).size, 6);
      },
    },
    {
      name: 'registering a consumer needs the topic',
      run: async () => {
        const topic = freshName();
        failure(
          await client.call('POST', '/consumer/register', { topic }),
          'Topic does not exist.',
          'topic_not_found',
        );
        success(await client.call('POST', '/topics', { name: topic, number_of_partitions: 3 }));
        const { body } = success(await client.call('POST', '/consumer/register', { topic }));
        assert.match(String(body['consumer_id']), /^[0-9a-f]{32}$/);
        assert.equal(body, { status: 'success', consumer_id: body['consumer_id'], partition_count: 3 });
      },
    },
  ];
}

export function topicCases(client: Client): readonly ContractCase[] {
  return [...creations(client), ...lists(client), ...registrations(client)];
}
