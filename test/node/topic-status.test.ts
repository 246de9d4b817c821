/** What a node tells of its topics, from the reports of its own actors. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { topicStates } from '../../src/node/topic-status.ts';

const test = suite('topic status');

test('joins topics with the replicas that are here, and says where there is none', () => {
  const { topics, omitted } = topicStates(
    [
      { name: 'a', state: 'ready', groups: [1, 2] },
      { name: 'half made', state: 'creating', groups: [3] },
    ],
    [
      { group: 2, verdict: 'clean', leader: 'n2', end: 7, consumers: [{ id: 'c', cursor: 5 }] },
      { group: 3, verdict: 'clean', end: 0 },
    ],
    10,
  );
  assert.is(omitted, 0);
  assert.equal(topics, [
    {
      name: 'a',
      partitions: [
        { partition: 0, leader: null, verdict: null, end: null, consumers: [] },
        { partition: 1, leader: 'n2', verdict: 'clean', end: 7, consumers: [{ id: 'c', cursor: 5, lag: 2 }] },
      ],
    },
  ]);
});

test('tells of no more partitions than it may, and counts the topics that are left out', () => {
  const topics = Array.from({ length: 5 }, (_, i) => ({
    name: `t${i}`,
    state: 'ready',
    groups: [2 * i, 2 * i + 1],
  }));
  const states = topicStates(topics, [], 5);
  assert.equal([states.topics.length, states.omitted], [2, 3]);
});

test.run();
