/** `callboard server`: one node, from its configuration to its clean end. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { NodeConfig } from '../node/config.ts';
import { formatEndpoint } from '../node/config-endpoints.ts';
import { loadNodeConfig } from '../node/config-load.ts';
import { endTable } from '../node/end-codes.ts';
import type { EndCode } from '../node/end-codes.ts';
import { CliError, describeFailure, exitCodes, listenFailure } from './errors.ts';
import { createLogger } from './log.ts';
import { PID_FILE, removePid, writePid, writePidUnlessTaken } from './pid-file.ts';
import { StopRequest, within } from './stop-request.ts';

export interface RunningNode {
  readonly url: string;
  close(): Promise<void>;
}

/** `failed`: called when the running node cannot go on; does not return. */
export type StartNode = (
  config: NodeConfig,
  logger: Logger,
  failed: (code: EndCode) => never,
) => Promise<RunningNode>;

export interface ServerOptions {
  /** Flags by setting, as the command line gave them. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Ends this node when its standard input ends: the supervisor holds the other end. */
  readonly endWithStdin: boolean;
  /** Asked for after the watch over the supervisor has begun: loading a node's code takes its time. */
  readonly loadNode: () => Promise<StartNode>;
}

/** Below the patience of `dev`, so that the log says what hung before the kill. */
const CLOSE_MS = 8_000;

/** Files and directories that this process makes are its owner's alone; what is there already stays as it is. */
const ownersOnly = 0o077;

function warnIfShared(directory: string, logger: Logger): void {
  if (process.platform === 'win32' || (statSync(directory).mode & ownersOnly) === 0) return;
  logger.warn(
    { directory },
    'others than its owner can look into the data directory: run chmod 700 on it if they should not',
  );
}

function openLog({ name, logLevel, logFile }: NodeConfig): Logger {
  try {
    return createLogger(name, logLevel, logFile);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The log file ${logFile} cannot be written to: ${reason}. Correct its access rights, or name another with --log-file.`;
    throw new CliError('data_inaccessible', text);
  }
}

function prepareData(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writePidUnlessTaken(directory);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `The data directory ${directory} cannot be written to: ${reason}. Correct its access rights, or name another with --data.`;
    throw new CliError('data_inaccessible', text);
  }
}

/** A bug must end the process in a way that the log tells; the supervisor starts it again. */
function endOnBugs(logger: Logger): void {
  const end = (error: unknown): void => {
    logger.fatal({ code: 'unexpected', err: error }, 'ended by an error that nobody handled');
    process.exit(endTable.unexpected.exitCode);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

function explain(error: unknown, config: NodeConfig): unknown {
  const wayOut = 'Stop it, or choose another address with --listen.';
  return listenFailure(error, formatEndpoint(config.listen), wayOut) ?? error;
}

async function serve(
  config: NodeConfig,
  options: ServerOptions,
  stop: StopRequest,
  logger: Logger,
): Promise<number> {
  const failed = (code: EndCode): never => {
    try {
      process.stderr.write(`callboard: ${endTable[code].meaning} The log has the details. (${code})\n`);
      removePid(config.dataDirectory);
    } finally {
      // Whatever else fails on a disk that fails: this process must not go on.
      process.exit(endTable[code].exitCode);
    }
  };
  const started = options
    .loadNode()
    .then((startNode) => startNode(config, logger, failed))
    .catch((error: unknown) => {
      throw explain(error, config);
    });
  const stopped = stop.asked.then((reason) => ({ reason }));
  const first = await Promise.race([started.then((node) => ({ node })), stopped]);
  // Asked to end during the start: what was opened by then is closed properly, if it comes to that in time.
  const node = 'node' in first ? first.node : await within(started, CLOSE_MS);
  if ('node' in first) {
    if (!writePid(config.dataDirectory)) logger.warn('the disk is full: there is no pid file');
    logger.info({ url: first.node.url, pidFile: join(config.dataDirectory, PID_FILE) }, 'node started');
  }
  const { reason } = await stopped;
  logger.info({ reason }, 'node ends');
  const closed =
    node === undefined
      ? undefined
      : await within(
          node.close().then(() => true),
          CLOSE_MS,
        );
  if (closed !== true) {
    // The data survives a kill at any moment, so waiting for ever would help nobody.
    logger.error({ waitedMs: CLOSE_MS }, 'node did not close in time and is cut off');
    return exitCodes.failed;
  }
  removePid(config.dataDirectory);
  logger.info('node ended');
  return exitCodes.ok;
}

/** Resolves to the exit code; the caller ends the process with it. */
export async function runServer(options: ServerOptions): Promise<number> {
  const stop = new StopRequest();
  if (options.endWithStdin) stop.askAtEndOfInput();
  const { config, warnings } = loadNodeConfig({ flags: options.flags, env: process.env, cwd: process.cwd() });
  process.umask(process.umask() | ownersOnly);
  const logger = openLog(config);
  endOnBugs(logger);
  for (const warning of warnings) logger.warn(warning);
  try {
    prepareData(config.dataDirectory);
    warnIfShared(config.dataDirectory, logger);
    return await serve(config, options, stop, logger);
  } catch (error) {
    const { lines, stack, exitCode } = describeFailure(error);
    for (const line of lines) {
      const place = { listen: formatEndpoint(config.listen), data: config.dataDirectory };
      logger.fatal(stack === undefined ? place : { ...place, err: error }, line);
      // Whoever starts a node by hand looks here and not into the log.
      process.stderr.write(`callboard: ${line}\n`);
    }
    removePid(config.dataDirectory);
    return exitCode;
  }
}
