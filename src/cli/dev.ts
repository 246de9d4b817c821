/** `callboard dev`: a whole cluster on this machine, one process per node. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../node/config.ts';
import { formatEndpoint, isLoopback } from '../node/config-endpoints.ts';
import { devPaths, keepNodeCount, keepSecret, makeRoot } from './dev/data-directory.ts';
import type { DevPaths, KeptSecret } from './dev/data-directory.ts';
import { acquireLock } from './dev/lock.ts';
import type { LockOwner } from './dev/lock.ts';
import { LogFollower } from './dev/log-follower.ts';
import type { NodeSpec } from './dev/node-process.ts';
import { parseDevOptions, reachable, readEnvironment } from './dev/options.ts';
import type { DevOptions } from './dev/options.ts';
import { waitForOrphans } from './dev/orphans.ts';
import { assertPortsFree } from './dev/ports.ts';
import { Supervisor } from './dev/supervisor.ts';
import { urlOf, welcome } from './dev/welcome.ts';
import { CliError, exitCodes } from './errors.ts';
import { StopRequest } from './stop-request.ts';

export interface DevRequest {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What runs a node: everything before `--name`. Tests put another program here. */
  readonly nodeCommand: readonly [string, ...string[]];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`callboard: ${text}\n`);
}

interface Member {
  readonly name: string;
  readonly listen: Endpoint;
  readonly directory: string;
}

function membersOf(options: DevOptions): readonly Member[] {
  return Array.from({ length: options.nodes }, (_, index) => {
    const name = `broker-${index + 1}`;
    return {
      name,
      listen: { host: options.host, port: options.port + index },
      directory: join(options.data, name),
    };
  });
}

function specOf(
  member: Member,
  members: readonly Member[],
  paths: DevPaths,
  options: DevOptions,
  request: DevRequest,
  forNodes: DevRequest['env'],
): NodeSpec {
  const peers = members.map(({ name, listen }) => `${name}=${formatEndpoint(reachable(listen))}`).join(',');
  const args = ['--name', member.name, '--listen', formatEndpoint(member.listen), '--peers', peers];
  args.push('--data', member.directory, '--secret-file', paths.secret, '--end-with-stdin');
  if (options.manualBrokers) args.push('--manual-brokers');
  if (options.memory) args.push('--storage', 'memory');
  if (!hasToken(forNodes)) args.push('--admin-token-file', paths.adminToken);
  const [executable, ...before] = request.nodeCommand;
  return { ...member, command: [executable, ...before, ...args], env: forNodes };
}

function hasToken(env: DevRequest['env']): boolean {
  return (env['CALLBOARD_ADMIN_TOKEN'] ?? '') !== '';
}

function sayAlreadyRunning(data: string, { pid, urls }: LockOwner): void {
  say(`Callboard already runs on ${data} (pid ${pid}): ${urls.join(', ')}`);
  say(`Use it as it is, stop it with \`kill ${pid}\`, or start another one with --data and --port.`);
}

function warnIfOpen({ host }: DevOptions): void {
  if (isLoopback(host)) return;
  complain(
    `Warning: the nodes listen on ${host}, beyond this machine, and there are no client credentials: whoever reaches ` +
      'them can read and write every topic. Let only a trusted network reach them.',
  );
}

interface Cluster {
  readonly members: readonly Member[];
  readonly specs: readonly NodeSpec[];
  readonly token: KeptSecret | undefined;
  readonly paths: DevPaths;
}

function runCluster(
  cluster: Cluster,
  options: DevOptions,
  onStop: (stop: () => void, kill: () => void) => void,
): Promise<number> {
  const { members, specs, token, paths } = cluster;
  const nodes = members.map(({ name, listen }) => ({ name, url: urlOf(listen) }));
  const adminToken = token === undefined ? undefined : { file: paths.adminToken };
  const supervisor = new Supervisor({
    specs,
    restart: options.restart,
    say,
    complain,
    onReady: () => say(welcome({ nodes, data: options.data, memory: options.memory, adminToken })),
  });
  const followers = options.verbose
    ? supervisor.logFiles.map((file, index) => new LogFollower(specs[index]?.name ?? '', file, say))
    : [];
  onStop(
    () => supervisor.stop(exitCodes.ok),
    () => supervisor.kill(),
  );
  return supervisor.run().finally(() => {
    for (const follower of followers) follower.close();
  });
}

/** File system errors of the shared files, told as what they are: the directory is not usable. */
function onData<T>(root: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const text = `The data directory ${root} cannot be used: ${error.message}. Correct its access rights, or name another with --data.`;
    throw new CliError('data_inaccessible', text);
  }
}

/** Resolves to the exit code when everything has ended. */
export async function runDev(request: DevRequest): Promise<number> {
  const options = parseDevOptions(request.flags);
  const { forNodes, notes } = readEnvironment(request.env);
  let kill: () => void = () => undefined;
  const stop = new StopRequest(() => kill());
  if (request.flags['endWithParent'] === true) stop.askAtEndOfParent();
  // Whoever reads our output may go away, as `head` does; the nodes are no concern of his.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  for (const note of notes) complain(note);
  const members = membersOf(options);
  const paths = devPaths(options.data);
  makeRoot(options.data);
  const urls = members.map(({ listen }) => urlOf(listen));
  const lock = onData(options.data, () => acquireLock(paths.lock, urls));
  if (!lock.held) {
    sayAlreadyRunning(options.data, lock.owner);
    return exitCodes.ok;
  }
  try {
    const token = onData(options.data, () => {
      keepNodeCount(paths, options.nodes);
      keepSecret(paths.secret, 'cluster secret');
      return hasToken(forNodes) ? undefined : keepSecret(paths.adminToken, 'admin token');
    });
    warnIfOpen(options);
    await waitForOrphans(members, say);
    await assertPortsFree(members.map(({ name, listen }) => ({ name, ...listen })));
    const specs = members.map((member) => specOf(member, members, paths, options, request, forNodes));
    say(
      `Starting ${options.nodes} node${options.nodes === 1 ? '' : 's'} on ${urls.join(', ')}; data in ${options.data}`,
    );
    return await runCluster({ members, specs, token, paths }, options, (end, killAll) => {
      kill = killAll;
      void stop.asked.then((reason) => {
        say(`\n${reason}: stopping all nodes`);
        end();
      });
    });
  } finally {
    lock.release();
    if (options.temporary) rmSync(options.data, { recursive: true, force: true, maxRetries: 3 });
  }
}
