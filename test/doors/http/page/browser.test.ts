/** The parts of the page that need no browser: what it computes, and what it tells people to paste. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { concerns } from '../../../../src/doors/http/page/browser/cluster.ts';
import { Rates } from '../../../../src/doors/http/page/browser/rates.ts';
import type { Status, TopicState } from '../../../../src/doors/http/page/browser/status.ts';
import { shown } from '../../../../src/doors/http/page/browser/tail.ts';
import { lagsOf } from '../../../../src/doors/http/page/browser/topics.ts';

const test = suite('page in the browser');

function topic(name: string, ...ends: readonly (number | null)[]): TopicState {
  const partitions = ends.map((end, partition) => ({ partition, leader: 'n1', end, consumers: [] }));
  return { name, partitions };
}

test('rates come from two looks, never below zero, and end with their topic', () => {
  const rates = new Rates();
  rates.look([topic('a', 10, null)], 1_000);
  assert.equal(rates.series('a'), []);
  rates.look([topic('a', 30, 20)], 3_000);
  assert.equal(rates.series('a'), [20]);
  rates.look([topic('a', 30, 10)], 4_000);
  assert.equal(rates.series('a'), [20, 0]);
  rates.look([], 5_000);
  assert.equal(rates.series('a'), []);
  for (let second = 0; second < 100; second += 1) rates.look([topic('a', second)], second * 1_000);
  assert.is(rates.series('a').length, 30);
});

test('the lag of a consumer is that of all its partitions, the furthest behind first', () => {
  const consumers = (...lags: readonly (readonly [string, number])[]): TopicState['partitions'][number] => {
    return {
      partition: 0,
      leader: null,
      end: 9,
      consumers: lags.map(([id, lag]) => ({ id, cursor: 0, lag })),
    };
  };
  const partitions = [consumers(['a', 1], ['b', 2]), consumers(['a', 3])];
  assert.equal(lagsOf({ name: 't', partitions }), [
    ['a', 4],
    ['b', 2],
  ]);
});

test('text is shown as text, anything else as bytes, and neither at length', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.is(shown(bytes('<img src=x onerror=alert(1)>')), '<img src=x onerror=alert(1)>');
  assert.is(shown(new Uint8Array([0xff, 0x00])), '2 bytes: ff 00');
  assert.match(shown(new Uint8Array(100).fill(0xff)), /^100 bytes: (ff ){32}…$/);
  assert.is(shown(bytes('x'.repeat(5_000))).length, 2_001);
});

test('a healthy cluster raises no concern, and each fault its own', () => {
  const well: Status = {
    node: 'n1',
    ready: true,
    reasons: [],
    health: 'ok',
    lowSpace: false,
    directory: { leader: 'n1' },
    brokers: [],
    partitions: [{ group: 1, verdict: 'clean', leader: 'n1' }],
  };
  assert.equal(concerns(well), []);
  assert.equal(concerns({ ...well, reasons: ['the log is being opened'] }), ['the log is being opened']);
  assert.is(concerns({ ...well, lowSpace: true, health: 'failed' }).length, 2);
  const damaged = { group: 2, verdict: 'damaged', leader: 'n1' };
  assert.equal(concerns({ ...well, partitions: [damaged] }), ['1 replica here is damaged and healing']);
  assert.equal(concerns({ ...well, partitions: [{ group: 1, verdict: 'clean' }] }), [
    '1 partition without a leader',
  ]);
});

test.run();
