/** `callboard status`: one node, without a token; `callboard cluster status`: all of them, for operators. */
import type { ClusterReport } from '@callboard/client/protocol';
import { bytesText, durationText, type Console } from '../console.ts';
import { CallFailure } from '../errors.ts';
import { urlsOf, withOperator, type CommandContext } from './context.ts';

const ANSWER_MS = 10_000;

interface StatusDocument {
  readonly node: string;
  readonly ready: boolean;
  readonly health: string;
  readonly reasons: readonly string[];
  readonly directory: { readonly leader?: string };
  readonly brokers: readonly { readonly name: string; readonly state: string; readonly url?: string }[];
  readonly partitions: readonly { readonly verdict: string; readonly role: string }[];
  readonly memory: { readonly rssBytes: number };
  readonly uptimeSeconds: number;
}

async function fetchStatus(urls: readonly string[]): Promise<{ url: string; status: StatusDocument }> {
  const problems: string[] = [];
  for (const url of urls) {
    const address = url.replace(/^ws/, 'http').replace(/\/+$/, '');
    try {
      const answer = await fetch(`${address}/status`, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) throw new Error(`it answered ${answer.status}`);
      return { url: address, status: (await answer.json()) as StatusDocument };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      problems.push(`${address}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  const message = `No node answered (${problems.join('; ')}): is it running, and is --url right?`;
  throw new CallFailure({ code: 'unavailable', message, outcome: 'not_applied', retriable: true });
}

export async function showStatus(context: CommandContext): Promise<void> {
  const { out } = context;
  const { url, status } = await fetchStatus(urlsOf(context));
  if (out.json) {
    await out.document(status);
    return;
  }
  const { node, ready, health, reasons, directory, brokers, partitions, memory, uptimeSeconds } = status;
  const damaged = partitions.filter(({ verdict }) => verdict !== 'clean').length;
  const leading = partitions.filter(({ role }) => role === 'leader').length;
  const state = ready ? out.tone('ready', 'good') : out.tone(`not ready: ${reasons.join('; ')}`, 'bad');
  await out.line(
    [
      `${node} at ${url}: ${state}${health === 'ok' ? '' : out.tone(`, health ${health}`, 'bad')}`,
      `  directory led by ${directory.leader ?? 'nobody'}; up ${durationText(uptimeSeconds)}, ${bytesText(memory.rssBytes)}`,
      `  ${partitions.length} replicas, ${leading} leading${damaged === 0 ? '' : out.tone(`, ${damaged} not sound`, 'bad')}`,
      '',
    ].join('\n'),
  );
  await out.table(
    ['BROKER', 'STATE', 'URL'],
    brokers.map((broker) => [broker.name, toned(out, broker.state), broker.url ?? '-']),
  );
}

function toned(out: Console, state: string): string {
  if (state === 'active') return out.tone(state, 'good');
  return out.tone(state, state === 'leaving' ? 'warn' : 'bad');
}

export async function showCluster(context: CommandContext): Promise<void> {
  const { out } = context;
  const report = await withOperator(context, (link) =>
    link.call({ kind: 'cluster-status' }, 'cluster-report'),
  );
  if (out.json) await out.document(clusterDocument(report));
  else await printCluster(out, report);
}

/** Nulls where nothing is known, so that every field is always there. */
function clusterDocument(report: ClusterReport): object {
  const { node, clusterId, primary, topics, partitions, deleting, removals, nodes } = report;
  return {
    answeredBy: node,
    clusterId: clusterId ?? null,
    primary: primary ?? null,
    topics,
    partitions,
    deleting,
    removals,
    nodes: nodes.map(({ name, url, broker, facts }) => ({
      name,
      url: url ?? null,
      broker,
      answered: facts !== undefined,
      ...facts,
    })),
  };
}

async function printCluster(out: Console, report: ClusterReport): Promise<void> {
  const { clusterId, primary, topics, partitions, removals, nodes } = report;
  const lines = [
    `cluster ${clusterId ?? 'unknown'}, directory led by ${primary ?? out.tone('nobody', 'bad')}`,
    `${topics} topics, ${partitions} partitions`,
    ...removals.map(({ topic, over, partitions: all, waitsFor }) => {
      return out.tone(
        `being deleted: ${topic}, ${over} of ${all} partitions, waits for ${waitsFor.join(', ')}`,
        'warn',
      );
    }),
    '',
  ];
  await out.line(lines.join('\n'));
  const rows = nodes.map(({ name, url, broker, facts }) => {
    const head = [name, toned(out, broker)];
    if (facts === undefined) {
      return [...head, out.tone('no answer', 'bad'), '-', '-', '-', '-', '-', '-', url ?? '-'];
    }
    const { ready, role, replicas, leading, damaged, restarts, rssBytes, uptimeSeconds } = facts;
    const state = ready ? out.tone('ready', 'good') : out.tone('not ready', 'warn');
    const sound = damaged === 0 ? '0' : out.tone(String(damaged), 'bad');
    const counts = [role, `${leading}/${replicas}`, sound, String(restarts)];
    return [...head, state, ...counts, bytesText(rssBytes), durationText(uptimeSeconds), url ?? '-'];
  });
  const headers = [
    'NODE',
    'BROKER',
    'STATE',
    'DIRECTORY',
    'LEADING',
    'DAMAGED',
    'RESTARTS',
    'MEMORY',
    'UP',
    'URL',
  ];
  await out.table(headers, rows);
}
