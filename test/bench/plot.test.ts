/** The plot: well-formed, complete, and harmless whatever names it is given. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plot } from '../../bench/suite/plot.ts';
import { report, result } from './reports.ts';

const test = suite('bench plot');

test('shows each system of each scenario with its rate, and curves where there are percentiles', () => {
  const curve = { p50Ms: 1, p99Ms: 10, 'p99.9Ms': 100 };
  const svg = plot(
    report([
      result({ recordsPerSecond: 1_234 }),
      result({ system: 'other', more: curve }),
      result({ scenario: 'more' }),
    ]),
  );
  assert.match(svg, /1,234/);
  assert.match(svg, /other: R3/);
  assert.match(svg, /more, records per second/);
  // The one that has percentiles: its curve, and its line in the legend.
  assert.is((svg.match(/<polyline/g) ?? []).length, 2);
  assert.not.match(svg, /NaN|Infinity|undefined/);
});

test('tells any number of systems apart: no two lines of one legend look alike', () => {
  const curve = { p50Ms: 1, p99Ms: 10 };
  const systems = Array.from({ length: 16 }, (_, i) => result({ system: `system ${i}`, more: curve }));
  const looks = [...plot(report(systems)).matchAll(/<polyline [^>]*(stroke="[^>]*)\/>/g)].map(
    ([, look]) => look,
  );
  assert.is(looks.length, 2 * systems.length);
  assert.is(new Set(looks).size, systems.length);
});

test('escapes what it is given', () => {
  const svg = plot(report([result({ system: '<script>' })]));
  assert.not.match(svg, /<script>/);
  assert.match(svg, /a &lt;fast&gt; one/);
});

test('has nothing to draw of a report without results, and says so by its heading alone', () => {
  const svg = plot(report([]));
  assert.not.match(svg, /<polyline|NaN|Infinity/);
  assert.match(svg, /Callboard and its peers/);
});

test.run();
