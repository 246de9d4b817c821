/** What `npm run bench` may be told. */
import { parseArgs } from 'node:util';

export interface Options {
  /** Names of scenarios; empty: all. */
  readonly scenarios: readonly string[];
  /** Names of other systems to measure beside Callboard. */
  readonly peers: readonly string[];
  /** One repeat, short durations, 100 B only: an impression within three minutes. */
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly plot: string | undefined;
  readonly durationMs: number;
  /** Of `soak`. */
  readonly soakMs: number;
  readonly repeats: number;
  readonly sizes: readonly number[];
  readonly partitions: number;
  /** Calls in flight per partition where many are; the scenario's own number if undefined. */
  readonly clients: number | undefined;
  readonly rates: readonly number[];
  /** Measure every mode of a system, not only its first. */
  readonly allModes: boolean;
}

export const usage = `npm run bench -- [--scenario A,B] [--peers A,B|all] [--quick] [--json FILE] [--plot FILE.svg]
  [--duration SECONDS] [--repeats N] [--size BYTES,...] [--partitions N] [--clients N] [--rate PER_SECOND,...] [--modes all]`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string' },
      peers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      plot: { type: 'string' },
      duration: { type: 'string' },
      repeats: { type: 'string' },
      size: { type: 'string' },
      partitions: { type: 'string' },
      clients: { type: 'string' },
      rate: { type: 'string' },
      modes: { type: 'string' },
    },
  });
  const { quick } = values;
  return {
    scenarios: words(values.scenario),
    peers: words(values.peers),
    quick,
    json: values.json,
    plot: values.plot,
    durationMs: 1_000 * positive('duration', values.duration, quick ? 3 : 10),
    soakMs: 1_000 * positive('duration', values.duration, quick ? 30 : 600),
    repeats: positive('repeats', values.repeats, quick ? 1 : 3),
    sizes: numbers('size', values.size, quick ? [100] : [100, 1_024, 16_384]),
    partitions: positive('partitions', values.partitions, 6),
    clients: values.clients === undefined ? undefined : positive('clients', values.clients, 1),
    rates: numbers('rate', values.rate, quick ? [10_000] : [1_000, 10_000, 50_000]),
    allModes: values.modes === 'all',
  };
}

function words(list: string | undefined): string[] {
  return (list ?? '').split(',').filter((word) => word !== '');
}

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} is a number above 0, not '${text}'\n${usage}`);
  return value;
}

function numbers(name: string, list: string | undefined, fallback: readonly number[]): readonly number[] {
  return list === undefined ? fallback : words(list).map((word) => positive(name, word, 0));
}
