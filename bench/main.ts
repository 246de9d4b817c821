/** `npm run bench`: measures Callboard and its peers in one run on one machine. See bench/README.md. */
import { writeFileSync } from 'node:fs';
import { scenarios } from './scenarios/index.ts';
import { readOptions, usage, type Options } from './suite/options.ts';
import { loadPeers } from './suite/peers.ts';
import { plot } from './suite/plot.ts';
import { reportSchema } from './suite/result.ts';
import { runSuite } from './suite/run.ts';
import { describe } from './suite/table.ts';
import { callboard } from './systems/callboard.ts';

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: Options): Promise<void> {
  const known = scenarios.map(({ name }) => name);
  const unknown = options.scenarios.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new RangeError(`there is no scenario '${unknown.join("', '")}'; there are ${known.join(', ')}`);
  }
  // Ten minutes are asked for, not stumbled into.
  const chosen = scenarios.filter(({ name }) =>
    options.scenarios.length === 0 ? name !== 'soak' : options.scenarios.includes(name),
  );
  const peers = await loadPeers(options.peers, tell);
  const report = await runSuite(chosen, [callboard, ...peers], options, tell);
  process.stdout.write(describe(report));
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(reportSchema.parse(report), null, 2)}\n`);
  }
  if (options.plot !== undefined) writeFileSync(options.plot, plot(report));
  const failed = report.notMeasured.some(({ system }) => system.startsWith('callboard'));
  process.exit(failed ? 1 : 0);
}

function options(): Options | undefined {
  if (process.argv.includes('--help')) {
    const lines = scenarios.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`);
    process.stdout.write(`${usage}\n\nscenarios (all but soak, if none is named):\n${lines.join('\n')}\n`);
    return undefined;
  }
  return readOptions(process.argv.slice(2));
}

try {
  const read = options();
  if (read !== undefined) await main(read);
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exit(2);
}
