// Which room imports which: runs dependency-cruiser over the rows in .dependency-cruiser.cjs.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { listSources } from '../lib/source-tree.ts';
import { runTool } from '../lib/tool.ts';
import { fromFaults } from './check-result.ts';
import type { CheckResult } from './check-result.ts';

const ROOMS = ['src', 'client/src', 'sim', 'bench', 'examples'];
const SRC_ROOMS =
  /^src\/((kernel|actors|raft|partition|directory|kv|storage|transport|doors|node|cli)\/|index\.ts$)/;

const Report = z.object({
  modules: z.array(z.object({ source: z.string() })),
  summary: z.object({
    violations: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        rule: z.object({ name: z.string(), severity: z.string() }),
      }),
    ),
  }),
});

/** `config` is absolute: fixtures are judged by the rule of this checkout. */
export async function checkImportRule(root: string, config: string): Promise<CheckResult> {
  const expected = listSources(root, ROOMS);
  const dirs = ROOMS.filter((dir) => existsSync(join(root, dir)));
  const args = ['--config', config, '--output-type', 'json', '--no-progress', ...dirs];
  const { output } = await runTool('dependency-cruiser', 'depcruise', args, root);
  const start = output.indexOf('{');
  const report = parseReport(output.slice(Math.max(start, 0)));
  if (report === null) return { ok: false, output: `dependency-cruiser gave no report:\n${output}` };
  const seen = new Set(report.modules.map(({ source }) => source));
  const unseen = expected.filter((file) => !seen.has(file));
  const faults = [
    ...report.summary.violations.map(({ from, to, rule }) => `${from}: the row '${rule.name}' forbids ${to}`),
    ...expected
      .filter((file) => file.startsWith('src/') && !SRC_ROOMS.test(file))
      .map((file) => `${file}: is in no room of the import rule`),
    // The tool sees nothing at all, and says that all is well, when its parser does not understand the files.
    ...unseen.map((file) => `${file}: was not looked at`),
  ];
  if (expected.length === 0) faults.push('no module was looked at');
  return fromFaults(faults, `${expected.length} modules`);
}

function parseReport(text: string): z.infer<typeof Report> | null {
  try {
    return Report.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
