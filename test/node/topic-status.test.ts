/** What a node tells of its topics, from the reports of its own actors. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { quarantinedReplicas, topicStates } from '../../src/node/topic-status.ts';

const test = suite('topic status');
const bounds = { statusPartitions: 10, statusConsumers: 3 };

test('names the replicas in quarantine by topic and partition, also of one that the directory does not list', () => {
  const bad = { verdict: 'quarantined', error: 'Error: broken', sinceMs: 1_000 };
  const named = quarantinedReplicas(
    [
      { name: 'a', state: 'ready', groups: [1, 2] },
      { name: 'half made', state: 'creating', groups: [3] },
    ],
    [
      { group: 1, verdict: 'clean' },
      { group: 2, ...bad },
      { group: 3, ...bad },
      { group: 9, ...bad },
    ],
  );
  const why = { error: 'Error: broken', since: '1970-01-01T00:00:01.000Z' };
  assert.equal(named, [
    { group: 2, topic: 'a', partition: 1, ...why },
    { group: 3, topic: 'half made', partition: 0, ...why },
    { group: 9, ...why },
  ]);
});

test('joins topics with the replicas that are here, and says where there is none', () => {
  const { topics, omitted } = topicStates(
    [
      { name: 'a', state: 'ready', groups: [1, 2] },
      { name: 'half made', state: 'creating', groups: [3] },
    ],
    [
      { group: 2, verdict: 'clean', leader: 'n2', end: 7, consumers: [{ id: 'c', cursor: 4, lag: 2 }] },
      { group: 3, verdict: 'clean', end: 0 },
    ],
    bounds,
    '',
  );
  assert.is(omitted, 0);
  assert.equal(topics, [
    {
      name: 'a',
      partitions: [
        { partition: 0, leader: null, verdict: null, end: null, consumers: [] },
        { partition: 1, leader: 'n2', verdict: 'clean', end: 7, consumers: [{ id: 'c', cursor: 4, lag: 2 }] },
      ],
    },
  ]);
});

test('a consumer that has moved in one partition only is at the beginning of the others, as far as that is known', () => {
  const consumers = ['a', 'b', 'c'].map((id) => ({ id, cursor: 2, lag: 2 }));
  const { topics } = topicStates(
    [{ name: 't', state: 'ready', groups: [1, 2, 3] }],
    [
      { group: 1, end: 4, consumers: [{ id: 'x', cursor: 1, lag: 3 }] },
      { group: 2, end: 4, consumers },
    ],
    bounds,
    '',
  );
  const { partitions } = topics[0] as { partitions: { consumers: { id: string; lag: number }[] }[] };
  const lags = partitions.map(({ consumers: all }) => all.map(({ id, lag }) => `${id} ${lag}`).join(', '));
  assert.equal(lags, ['x 3, a 4, b 4, c 4', 'a 2, b 2, c 2', '']);
});

test('tells of no more partitions than it may, and counts the topics that are left out', () => {
  const topics = Array.from({ length: 5 }, (_, i) => ({
    name: `t${i}`,
    state: 'ready',
    groups: [2 * i, 2 * i + 1],
  }));
  const states = topicStates(topics, [], { ...bounds, statusPartitions: 5 }, '');
  assert.equal([states.topics.length, states.omitted, states.next], [2, 3, 't1']);
});

test('pages through the topics in the order of their names, one at least on each page', () => {
  const topics = ['d', 'b', 'a', 'c'].map((name, group) => ({ name, state: 'ready', groups: [group, 9] }));
  const pages: string[][] = [];
  for (let after: string | null = ''; after !== null;) {
    const page = topicStates(topics, [], { ...bounds, statusPartitions: pages.length === 0 ? 4 : 1 }, after);
    pages.push(page.topics.map((topic) => (topic as { name: string }).name));
    after = page.next;
  }
  assert.equal(pages, [['a', 'b'], ['c'], ['d']]);
});

test.run();
