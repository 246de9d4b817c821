/** Produces: errors in their order, partitions, texts of every kind, sequences. */
import * as assert from 'uvu/assert';
import { failure, failureOf, freshName, success } from './kit.ts';
import type { Client, ContractCase } from './kit.ts';

const json = { 'content-type': 'application/json' };

function errors(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'produce tells the topic, then the producer, then the partition',
      run: async () => {
        const made = await client.topic();
        const other = await client.topic();
        const worst = { topic: freshName(), producer: 'nobody', consumer: '' };
        failure(
          await client.produce(worst, 'x', { partition_index: 9 }),
          'Topic does not exist.',
          'topic_not_found',
        );
        for (const producer of [
          'nobody',
          '',
          other.producer,
          made.consumer,
          made.producer.slice(1),
          `${made.producer}0`,
        ]) {
          const answer = await client.produce({ ...made, producer }, 'x', { partition_index: 9 });
          failure(answer, 'Producer not registered with topic.', 'producer_not_registered');
        }
        failure(
          await client.produce(made, 'x', { partition_index: 9 }),
          'Invalid Partition Number.',
          'invalid_partition',
        );
      },
    },
    {
      name: 'a partition is a whole number in range, however it is written',
      run: async () => {
        const made = await client.topic(2);
        const at = (index: string): Promise<ReturnType<typeof success>> =>
          client.call(
            'POST',
            '/producer/produce',
            `{"topic":"${made.topic}","producer_id":"${made.producer}","message":"x","partition_index":${index}}`,
            json,
          );
        for (const index of ['2', '-1', '0.5', '1e9', '1e999', '-1e999', '99999999999999999999']) {
          failure(await at(index), 'Invalid Partition Number.', 'invalid_partition');
        }
        for (const [index, partition] of [
          ['0', 0],
          ['1', 1],
          ['1.0', 1],
          ['1e0', 1],
          ['-0', 0],
          ['-0.0', 0],
        ] as const) {
          assert.is(success(await at(index)).body['partition'], partition);
        }
      },
    },
    {
      name: 'a message that no text can be is refused, one that is too large too',
      run: async () => {
        const made = await client.topic(1);
        failureOf(await client.produce(made, 'half \ud83d pair'), 'bad_request');
        failureOf(await client.produce(made, 'x'.repeat((1 << 20) + 1)), 'record_too_large');
        success(await client.produce(made, 'x'.repeat(1 << 20)));
        const { body } = success(await client.consume(made));
        assert.is(String(body['message']).length, 1 << 20);
      },
    },
  ];
}

function stores(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'texts of every kind come back as they were',
      run: async () => {
        const made = await client.topic(1);
        const texts = [
          '',
          ' ',
          'hello',
          "it's",
          '"quoted"',
          '\\',
          '\0',
          'a\r\nb',
          'é 你好 😀',
          '\u2028',
          "'; DROP TABLE",
          '%s %00',
          'x'.repeat(300),
          'é'.repeat(100_000),
          '{"json":[1]}',
          '\ufeffmark',
        ];
        for (const [offset, text] of texts.entries()) {
          const { body } = success(await client.produce(made, text));
          assert.equal(body, { status: 'success', partition: 0, offset });
        }
        for (const text of texts) {
          assert.equal(success(await client.consume(made)).body, {
            status: 'success',
            message: text,
            partition_read: 0,
          });
        }
      },
    },
    {
      name: 'without a partition messages go round from 0 at each node; an explicit one does not move the turn',
      run: async () => {
        const made = await client.topic(3);
        for (const base of client.bases) {
          const partitions: unknown[] = [];
          for (let i = 0; i < 7; i += 1) {
            if (i === 2) success(await client.produce(made, 'x', { partition_index: 0 }, base));
            partitions.push(success(await client.produce(made, 'x', {}, base)).body['partition']);
          }
          assert.equal(partitions, [0, 1, 2, 0, 1, 2, 0]);
        }
      },
    },
    {
      name: 'offsets are dense under parallel produces at all nodes, and everything is stored once',
      run: async () => {
        const made = await client.topic(1);
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, i) => client.produce(made, `m${i}`, {}, client.node(i))),
        );
        const offsets = answers.map((answer) => Number(success(answer).body['offset']));
        assert.equal(
          offsets.toSorted((a, b) => a - b),
          Array.from({ length: 60 }, (_, i) => i),
        );
        const order = offsets.map((offset, i) => [offset, `m${i}`] as const).toSorted((a, b) => a[0] - b[0]);
        for (const [, message] of order) {
          assert.is(success(await client.consume(made)).body['message'], message);
        }
        failure(await client.consume(made), 'No new messages to read on any partition', 'empty_partition');
      },
    },
  ];
}

function sequences(client: Client): readonly ContractCase[] {
  return [
    {
      name: 'a repeat under the same sequence is stored once, at whichever node, and answered with its first offset',
      run: async () => {
        const made = await client.topic(2);
        for (const sequence of [0, 1, 2]) {
          const offsets = new Set<unknown>();
          for (const base of [...client.bases, client.node(0)]) {
            const { body } = success(
              await client.produce(made, `m${sequence}`, { partition_index: 1, sequence }, base),
            );
            offsets.add(body['offset']);
          }
          assert.equal([...offsets], [sequence]);
        }
        success(await client.produce(made, 'again', { partition_index: 1, sequence: 1.0 }));
        assert.equal(success(await client.size(made, { partition_index: 1 })).body['sizes'], [
          { partition_number: 1, size: 3 },
        ]);
      },
    },
    {
      name: 'a gap in the sequence is refused, and filling it goes on',
      run: async () => {
        const made = await client.topic(1);
        success(await client.produce(made, 'a', { partition_index: 0, sequence: 0 }));
        const answer = failureOf(
          await client.produce(made, 'c', { partition_index: 0, sequence: 2 }),
          'sequence_gap',
        );
        assert.is(answer.body['outcome'], 'not_applied');
        success(await client.produce(made, 'b', { partition_index: 0, sequence: 1 }));
        success(await client.produce(made, 'c', { partition_index: 0, sequence: 2 }));
      },
    },
    {
      name: 'produces with and without a sequence do not disturb each other',
      run: async () => {
        const made = await client.topic(1);
        success(await client.produce(made, 'plain'));
        success(await client.produce(made, 'numbered', { partition_index: 0, sequence: 0 }));
        success(await client.produce(made, 'plain', { partition_index: 0 }));
        success(await client.produce(made, 'numbered', { partition_index: 0, sequence: 1 }));
        assert.equal(success(await client.size(made)).body['sizes'], [{ partition_number: 0, size: 4 }]);
      },
    },
    {
      name: 'a sequence needs a partition and is a count',
      run: async () => {
        const made = await client.topic(1);
        failureOf(await client.produce(made, 'x', { sequence: 0 }), 'bad_request');
        for (const sequence of [-1, 0.5, 1e300]) {
          failureOf(await client.produce(made, 'x', { partition_index: 0, sequence }), 'bad_request');
        }
      },
    },
  ];
}

export function produceCases(client: Client): readonly ContractCase[] {
  return [...errors(client), ...stores(client), ...sequences(client)];
}
