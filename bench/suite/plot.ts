/** A report as a picture: bars of throughput for each scenario, and curves of latency by percentile where there are any. */
import type { Report, Result } from './result.ts';
import { bar, curve, gridLine, picture, strokeOf, text, type Stroke } from './svg.ts';

const width = 1_200;
const labelWidth = 480;
const labelLength = 88;
const legendHeight = 18;
const barHeight = 18;
const chartHeight = 240;
const margin = 24;

type Strokes = ReadonlyMap<string, Stroke>;

/** Draws downwards from `top`; `height` is what it used. */
interface Block {
  readonly height: number;
  readonly parts: readonly string[];
}

export function plot(report: Report): string {
  const systems = [...new Set(report.results.map(nameOf))];
  const strokes: Strokes = new Map(systems.map((name, i) => [name, strokeOf(i)]));
  const blocks: Block[] = [];
  let top = margin;
  const add = (block: Block): void => {
    blocks.push(block);
    top += block.height;
  };
  add(heading(report, top));
  for (const [scenario, results] of byScenario(report.results)) {
    if (results.some(({ recordsPerSecond }) => recordsPerSecond > 0)) {
      add(bars(scenario, results, strokes, top));
    }
    if (results.some((result) => points(result).length > 1)) add(latencies(scenario, results, strokes, top));
  }
  return picture(
    width,
    top + margin,
    blocks.flatMap(({ parts }) => parts),
  );
}

function nameOf({ system, durability }: Result): string {
  return `${system}: ${durability}`;
}

function byScenario(results: readonly Result[]): ReadonlyMap<string, readonly Result[]> {
  const groups = new Map<string, Result[]>();
  for (const result of results) groups.set(result.scenario, [...(groups.get(result.scenario) ?? []), result]);
  return groups;
}

function heading({ machine, commit, date }: Report, top: number): Block {
  const line = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}, commit ${commit}`;
  return {
    height: 52,
    parts: [
      text(margin, top + 12, 'Callboard and its peers', { size: 18, bold: true }),
      text(margin, top + 32, line),
    ],
  };
}

function bars(scenario: string, results: readonly Result[], strokes: Strokes, top: number): Block {
  const most = Math.max(...results.map(({ recordsPerSecond }) => recordsPerSecond));
  const room = width - labelWidth - 2 * margin - 110;
  const parts = [text(margin, top + 14, `${scenario}, records per second`, { size: 14, bold: true })];
  for (const [i, result] of results.entries()) {
    const y = top + 26 + i * (barHeight + 6);
    const length = (result.recordsPerSecond / most) * room;
    parts.push(
      text(margin + labelWidth - 8, y + 13, shortened(nameOf(result)), { anchor: 'end', size: 11 }),
      bar(
        margin + labelWidth,
        y,
        Math.max(1, length),
        barHeight,
        strokes.get(nameOf(result))?.colour ?? '#000000',
      ),
      text(margin + labelWidth + length + 6, y + 13, result.recordsPerSecond.toLocaleString('en')),
    );
  }
  return { height: 26 + results.length * (barHeight + 6) + margin, parts };
}

function shortened(name: string): string {
  return name.length > labelLength ? `${name.slice(0, labelLength - 1)}…` : name;
}

/** Percentile and milliseconds, in rising order. */
function points({ more }: Result): readonly (readonly [number, number])[] {
  return Object.entries(more)
    .flatMap(([name, ms]): [number, number][] => {
      const percentile = /^p([\d.]+)Ms$/.exec(name)?.[1];
      return percentile === undefined || ms <= 0 ? [] : [[Number(percentile), ms]];
    })
    .toSorted(([a], [b]) => a - b);
}

/** So that each further nine takes the same room: 50 % is at 0, 90 % at 0.7, 99.99 % at 3.7. */
function nines(percentile: number): number {
  return -Math.log10((100 - percentile) / 50);
}

function latencies(scenario: string, results: readonly Result[], strokes: Strokes, top: number): Block {
  const all = results.flatMap(points);
  const low = Math.floor(Math.log10(Math.min(...all.map(([, ms]) => ms))));
  const high = Math.ceil(Math.log10(Math.max(...all.map(([, ms]) => ms))));
  const most = nines(Math.max(...all.map(([percentile]) => percentile)));
  const left = margin + 60;
  const right = width - margin;
  const bottom = top + 30 + chartHeight;
  const x = (percentile: number): number => left + (nines(percentile) / most) * (right - left);
  const y = (ms: number): number => bottom - ((Math.log10(ms) - low) / Math.max(1, high - low)) * chartHeight;
  const parts = [
    text(margin, top + 14, `${scenario}, latency in ms (logarithmic) by percentile`, {
      size: 14,
      bold: true,
    }),
  ];
  for (let power = low; power <= high; power += 1) {
    const ms = 10 ** power;
    parts.push(
      gridLine(left, y(ms), right, y(ms)),
      text(left - 6, y(ms) + 4, String(ms), { anchor: 'end', size: 11 }),
    );
  }
  for (const percentile of new Set(all.map(([one]) => one))) {
    parts.push(
      gridLine(x(percentile), top + 30, x(percentile), bottom),
      text(x(percentile), bottom + 16, `${percentile} %`, { anchor: 'middle', size: 11 }),
    );
  }
  const drawn = results.filter((result) => points(result).length > 1);
  for (const [i, result] of drawn.entries()) {
    const stroke = strokes.get(nameOf(result)) ?? strokeOf(0);
    const line = points(result).map(([percentile, ms]) => [x(percentile), y(ms)] as const);
    const row = bottom + 38 + i * legendHeight;
    const swatch: readonly (readonly [number, number])[] = [
      [left, row - 4],
      [left + 30, row - 4],
    ];
    parts.push(
      curve(line, stroke),
      curve(swatch, stroke),
      text(left + 38, row, nameOf(result), { size: 11 }),
    );
  }
  return { height: 30 + chartHeight + 26 + drawn.length * legendHeight + margin, parts };
}
