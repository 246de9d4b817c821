// Runs a development tool from node_modules and keeps what it said.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runInGroup } from './process-group.ts';
import { stripColours } from './uvu-summary.ts';

export interface ToolResult {
  readonly exitCode: number | null;
  readonly output: string;
}

const TOOL_TIMEOUT_MS = 300_000;
const require = createRequire(import.meta.url);

/** The script behind a command. Started with Node itself: npx would ask a registry if the tool were missing. */
function binOf(packageName: string, command: string): string {
  const manifest = findManifest(packageName);
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const bin = typeof parsed === 'object' && parsed !== null && 'bin' in parsed ? parsed.bin : undefined;
  if (typeof bin === 'string') return join(dirname(manifest), bin);
  if (typeof bin === 'object' && bin !== null) {
    const file: unknown = Reflect.get(bin, command);
    if (typeof file === 'string') return join(dirname(manifest), file);
  }
  throw new Error(`${packageName} has no command ${command}`);
}

/** Not every package exports its manifest, so it is looked for where Node would look for the package. */
function findManifest(packageName: string): string {
  for (const dir of require.resolve.paths(packageName) ?? []) {
    const file = join(dir, packageName, 'package.json');
    try {
      readFileSync(file);
      return file;
    } catch {
      continue;
    }
  }
  throw new Error(`${packageName} is not installed`);
}

export async function runTool(
  packageName: string,
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<ToolResult> {
  const result = await runInGroup(process.execPath, [binOf(packageName, command), ...args], {
    cwd,
    timeoutMs: TOOL_TIMEOUT_MS,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  const late = result.timedOut ? `\ntimed out after ${TOOL_TIMEOUT_MS / 1_000} s` : '';
  return { exitCode: result.exitCode, output: stripColours(result.output).trim() + late };
}
