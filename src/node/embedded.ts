/**
 * A broker inside the caller's process: one node with one replica of everything, for tests and small programs. Several can
 * run at a time. It installs no signal handler, writes no log of its own, never ends the process, and leaves nothing
 * behind once it is closed.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { errorTable, type Limits } from '@callboard/client/protocol';
import { defaultUnusedDays, type NodeConfig } from './config.ts';
import { startNode, type NodeFailed, type NodeLogger, type RunningNode } from './start-node.ts';

export interface BrokerOptions {
  /** Keeps everything in this directory, which is made if absent. Without it nothing is written to disk, nor kept after `close`. */
  readonly dataDir?: string;
  /** Where to listen; 127.0.0.1 unless given. */
  readonly host?: string;
  /** Where to listen; a free port unless given. */
  readonly port?: number;
  /** For the admin calls; random unless given. */
  readonly adminToken?: string;
  /** Browser origins that may connect beside the broker's own. */
  readonly allowedOrigins?: readonly string[];
  /** Host names under which HTTP may ask for the broker, beside addresses, `localhost` and names without a dot. */
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<Limits>;
  /** Takes the lines of the broker's log; without it there is none. Pino's loggers fit. */
  readonly logger?: NodeLogger;
  /** Told once if the broker cannot go on; it has closed itself by then. Without it the process gets a warning. */
  readonly onFailure?: (error: Error) => void;
}

export interface Broker extends AsyncDisposable {
  /** For clients, such as `ws://127.0.0.1:40123`. */
  readonly url: string;
  /** For HTTP, such as `http://127.0.0.1:40123`. */
  readonly httpUrl: string;
  readonly port: number;
  readonly adminToken: string;
  /** Answers what has arrived, for two seconds at most, and ends everything. Calling it again waits for the same end. */
  close(): Promise<void>;
}

const silent: NodeLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
};

const nodeName = 'broker-1';
/** Alone a node waits for nobody, so its clock may tick faster, and a start or a creation waits less. */
const tickMs = 10;
const readyPollMs = 2;
const readyMs = 10_000;

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const config = configOf(options);
  const running = new RunningBroker(options);
  const node = await startNode(
    config,
    options.logger ?? silent,
    running.failed,
    options.dataDir === undefined,
  );
  running.node = node;
  try {
    await untilReady(node);
  } catch (error) {
    await running.close();
    throw error;
  }
  const { port } = new URL(node.url);
  return {
    url: node.url.replace(/^http/, 'ws'),
    httpUrl: node.url,
    port: Number(port),
    adminToken: config.adminToken,
    close: () => running.close(),
    [Symbol.asyncDispose]: () => running.close(),
  };
}

class RunningBroker {
  readonly #options: BrokerOptions;
  node: RunningNode | undefined;
  #closed: Promise<void> | undefined;
  #hasFailed = false;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  readonly failed: NodeFailed = (code) => {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const error = Object.assign(new Error(`the embedded broker has ended: ${meaningOf(code)}`), { code });
    // What is in doubt must not be carried on: nothing is answered from here on.
    this.node?.halt();
    void this.close().then(() => {
      if (this.#options.onFailure === undefined) process.emitWarning(error);
      else this.#options.onFailure(error);
    });
  };

  close(): Promise<void> {
    this.#closed ??= this.node?.close() ?? Promise.resolve();
    return this.#closed;
  }
}

function meaningOf(code: Parameters<NodeFailed>[0]): string {
  return code === 'storage_failed' ? errorTable.storage_failed.meaning : errorTable.internal.meaning;
}

function configOf(options: BrokerOptions): NodeConfig {
  const { host = '127.0.0.1', port = 0, limits, adminToken, dataDir } = options;
  const { allowedOrigins = [], allowedHosts = [] } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`port is a whole number from 0 (any free one) to 65535, not ${String(port)}`);
  }
  const listen = { host, port };
  return {
    name: nodeName,
    listen,
    peers: [{ name: nodeName, ...listen }],
    dataDirectory: dataDir === undefined ? '' : resolve(dataDir),
    secret: randomBytes(32).toString('hex'),
    adminToken: adminToken ?? randomBytes(16).toString('hex'),
    storage: dataDir === undefined ? 'memory' : 'disk',
    manualBrokers: false,
    unusedDays: defaultUnusedDays,
    logLevel: 'silent',
    logFile: undefined,
    allowedOrigins,
    allowedHosts: allowedHosts.map((name) => name.toLowerCase()),
    trustedProxies: [],
    limitsOverrides: { tickMs, memoryLossMs: 80 * tickMs, ...limits },
  };
}

async function untilReady(node: RunningNode): Promise<void> {
  const startedMs = performance.now();
  while (!node.ready()) {
    if (performance.now() - startedMs > readyMs) {
      throw new Error(`the embedded broker was not ready within ${String(readyMs)} ms`);
    }
    await new Promise((later) => setTimeout(later, readyPollMs));
  }
}
