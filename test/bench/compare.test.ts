/** Comparing result files: gains point the right way, noise is no news, and different machines are named. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compare, describeComparison } from '../../bench/suite/compare.ts';
import { report, result } from './reports.ts';

const test = suite('bench compare');

test('more records and a lower latency are better, the opposite is worse', () => {
  const before = report([result(), result({ scenario: 'other' })]);
  const faster = result({ recordsPerSecond: 150, latencyMs: { p50: 1, p99: 5, p999: 6, max: 7 } });
  const slower = result({
    scenario: 'other',
    recordsPerSecond: 50,
    latencyMs: { p50: 1, p99: 20, p999: 20, max: 20 },
  });
  const { changes } = compare(before, report([faster, slower]));
  assert.equal(
    changes.map(({ unit, gain, verdict }) => [unit, gain, verdict]),
    [
      ['records/s', 1.5, 'better'],
      ['p99 ms', 2, 'better'],
      ['records/s', 0.5, 'worse'],
      ['p99 ms', 0.5, 'worse'],
    ],
  );
});

test('a difference within the spread of the repeats is none', () => {
  const before = report([result({ repeats: [80, 100, 120] })]);
  const after = report([result({ recordsPerSecond: 125, repeats: [110, 125, 140] })]);
  assert.is(compare(before, after).changes[0]?.verdict, 'same');
  const steady = report([result({ recordsPerSecond: 125, repeats: [124, 125, 126] })]);
  assert.is(compare(report([result({ repeats: [99, 100, 101] })]), steady).changes[0]?.verdict, 'better');
});

test('results of one file only are named, and so are other durabilities of the same scenario', () => {
  const { changes, unmatched } = compare(
    report([result({ durability: 'A' })]),
    report([result({ durability: 'B' })]),
  );
  assert.is(changes.length, 0);
  assert.is(unmatched.length, 2);
  assert.match(describeComparison({ changes, unmatched, warnings: [] }), /only in the first file/);
});

test('another machine, or the same one in another state, is warned of', () => {
  const one = report([result()]);
  const { machine, limits } = one;
  const other = report([result()], {
    machine: { ...machine, cores: 8, node: 'v22' },
    limits: { ...limits, fdatasyncMs: 4 },
  });
  const { warnings } = compare(one, other);
  assert.is(warnings.length, 3);
  assert.match(describeComparison(compare(one, other)), /WARNING: fdatasyncMs was 0\.40 and is 4\.00/);
  assert.equal(compare(one, one).warnings, []);
});

test.run();
