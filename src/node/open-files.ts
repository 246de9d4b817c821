/**
 * How many connections a node takes, by the files that its process may have open: a connection that no file is left for takes the node's
 * own files away from it, and a database that cannot open a table ends the node.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Limits } from '@callboard/client/protocol';

/** LevelDB keeps 1,000 tables open at most; beside them stand logs, journals, outgoing links and what the runtime has. */
const ownFiles = 1_200;

/** The soft limit of this process, which Node has raised to the hard one. Infinite where there is none, or none is known. */
export function openFilesLimit(): number {
  return softLimit(procLimits() ?? reported());
}

function softLimit(soft: unknown): number {
  const limit = Number(soft);
  return soft === undefined || Number.isNaN(limit) ? Infinity : limit;
}

function procLimits(): string | undefined {
  const path = '/proc/self/limits';
  if (!existsSync(path)) return undefined;
  return /^Max open files\s+(\S+)/m.exec(readFileSync(path, 'utf8'))?.[1];
}

/** Without the names of the other ends of all connections, which it would look up and wait for. */
function reported(): unknown {
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  report.excludeNetwork = before;
  return userLimits?.open_files?.soft;
}

/** `limits` with no more connections than fit beside the node's own files, and clients in proportion. */
export function withinOpenFiles(limits: Limits, openFiles: number): Limits {
  const most = Math.max(2, Math.floor(Math.max(openFiles - ownFiles, openFiles / 2)));
  if (most >= limits.nodeConnections) return limits;
  const part = limits.clientConnections / limits.nodeConnections;
  return { ...limits, nodeConnections: most, clientConnections: Math.max(1, Math.floor(most * part)) };
}
