/**
 * The composition root of one node: real ports, store, actors, links, doors. Everything that is real is made here and nowhere else.
 *
 * Order: listen first (a busy port must not cost a store its start), then open the store, then start the actors, then dial the
 * peers. Calls that come before the actors are there are refused as `unavailable`.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { Admin, adminActorId } from '../actors/admin/index.ts';
import { gatewayActorId, type GatewayMessage } from '../actors/gateway/messages.ts';
import { createActorCodec } from '../actors/wire.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../actors/peer-link/messages.ts';
import { createHttpDoor, tokenChecker, WrongTokens, type HttpDoor } from '../doors/http/index.ts';
import { ActorSystem, refTo } from '../kernel/index.ts';
import type { LogStore } from '../raft/index.ts';
import type { Storage } from '../storage/open-storage.ts';
import { ClientAddresses, shareOwner } from '../transport/client-address.ts';
import { KnownAddresses } from '../transport/known-addresses.ts';
import { PeerLinks } from '../transport/peer-links.ts';
import { RequestPolicy } from '../transport/request-policy.ts';
import { WireServer } from '../transport/server.ts';
import { tokenCheck } from '../transport/tokens.ts';
import { assertLimits, defaultLimits, hex, replicaId, type Limits } from '@callboard/client/protocol';
import { adminPort } from './admin-port.ts';
import { openClientSession, sharedBySessions } from './client-sessions.ts';
import type { NodeConfig } from './config.ts';
import { formatEndpoint } from './config-endpoints.ts';
import type { EndCode } from './end-codes.ts';
import { deliver } from './deliver.ts';
import { LateNetwork } from './late-network.ts';
import { LoopDelay } from './loop-delay.ts';
import { startNodeActors } from './node-actors.ts';
import { NodeStatus } from './node-status.ts';
import { openFilesLimit, withinOpenFiles } from './open-files.ts';
import { crc32 } from './ports/crc32.ts';
import { PinoTrace } from './ports/pino-trace.ts';
import { RealClock } from './ports/real-clock.ts';
import { RealRandom } from './ports/real-random.ts';
import { Timeouts } from './ports/timeouts.ts';
import { routeEnvelope } from './route.ts';
import { openMemoryStorage } from '../storage/open-memory-storage.ts';

export interface RunningNode {
  /** Where clients reach it, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Whether it takes all calls; see `/readyz`. */
  ready(): boolean;
  /** Ends all actors within the call: nothing is carried on or answered any more. `close` is still to be called. */
  halt(): void;
  close(): Promise<void>;
}

/**
 * The running node cannot go on: its storage failed, or an actor failed for good. Whoever started it ends the process within the
 * call. What is in doubt must not be carried on, and nothing that waits for the disk has been answered yet.
 */
export type NodeFailed = (code: Extract<EndCode, 'storage_failed' | 'unexpected'>) => void;

/** What a node writes its log with. */
export type NodeLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

/**
 * Rejects when the port is taken or the data directory cannot be used; the error has a `code`. `inMemory`: nothing is kept, and
 * the data directory is not touched.
 */
export async function startNode(
  config: NodeConfig,
  logger: NodeLogger,
  nodeFailed: NodeFailed,
  inMemory = false,
): Promise<RunningNode> {
  const limits = limitsOf(config, logger);
  const parts = makeParts(config, limits, logger, nodeFailed);
  const doors = openDoors(parts);
  try {
    const url = await listen(doors.http.server, config);
    const storage = await open(parts, logger, nodeFailed, inMemory);
    const links = join(parts, storage.store, url);
    parts.status.opened(storage.store);
    return {
      url,
      ready: () => parts.status.readiness().ready,
      halt: () => parts.system.stopAll(),
      close: () => close(parts, doors, links, storage),
    };
  } catch (error) {
    void doors.http.close();
    doors.wire.close();
    parts.system.stopAll();
    end(parts, doors);
    throw error;
  }
}

function limitsOf(config: NodeConfig, logger: NodeLogger): Limits {
  const wanted: Limits = { ...defaultLimits, ...config.limitsOverrides };
  assertLimits(wanted);
  const openFiles = openFilesLimit();
  const limits = withinOpenFiles(wanted, openFiles);
  const { nodeConnections: connections } = limits;
  if (limits !== wanted) {
    const text = `fewer connections than nodeConnections (${wanted.nodeConnections}) are taken: raise the limit of open files`;
    logger.warn({ openFiles, connections, clients: limits.clientConnections }, text);
  }
  return limits;
}

/** Each kind of storage is loaded by those who use it: LevelDB's native part takes its time. */
async function open(
  { config, limits, random, timeouts }: Parts,
  logger: NodeLogger,
  nodeFailed: NodeFailed,
  inMemory: boolean,
): Promise<Storage> {
  const options = {
    limits,
    crc32,
    drawId: () => replicaId(hex(random.bytes(16))),
    schedule: timeouts.schedule,
    failed: (detail: string): void => {
      // Also where nobody waits for it, such as the second's sync of the tail records.
      logger.fatal(
        { code: 'storage_failed', detail },
        'node ends: its storage failed, the last batch is in doubt',
      );
      nodeFailed('storage_failed');
    },
  };
  if (inMemory) {
    return openMemoryStorage(options);
  }
  const { openStorage } = await import('../storage/open-storage.ts');
  const note = (event: string, fields: Readonly<Record<string, unknown>>): void => logger.warn(fields, event);
  return openStorage({ ...options, directory: config.dataDirectory, note });
}

/** What exists before the store is open. */
interface Parts {
  readonly config: NodeConfig;
  readonly limits: Limits;
  readonly clock: RealClock;
  readonly loop: LoopDelay;
  readonly known: KnownAddresses;
  readonly timeouts: Timeouts;
  readonly random: RealRandom;
  readonly trace: PinoTrace;
  readonly network: LateNetwork;
  readonly system: ActorSystem;
  readonly status: NodeStatus;
}

interface Doors {
  readonly http: HttpDoor;
  readonly wire: WireServer;
}

function makeParts(config: NodeConfig, limits: Limits, logger: NodeLogger, nodeFailed: NodeFailed): Parts {
  const clock = new RealClock();
  const random = new RealRandom();
  const trace = new PinoTrace({ logger, clock });
  const network = new LateNetwork();
  const system = new ActorSystem({
    node: config.name,
    ports: { clock, random, network, trace },
    limits: { mailboxDataMessages: limits.mailboxDataMessages },
    onEscalate: (error, address) => {
      // The last batch may be in doubt or an invariant is broken: only a new process may go on.
      logger.fatal(
        { code: 'unexpected', err: error, actor: address.id },
        'node ends: an actor failed for good',
      );
      nodeFailed('unexpected');
    },
  });
  const loop = new LoopDelay(clock);
  const known = new KnownAddresses(config.peers.map(({ host }) => host));
  const status = new NodeStatus({ system, config, network, limits, clock, loop });
  const timeouts = new Timeouts();
  return { config, limits, clock, loop, known, timeouts, random, trace, network, system, status };
}

/** What the two doors of the port have in common: whom they let in, and whom it counts for. */
function makePolicy({ config, clock, trace }: Parts): RequestPolicy {
  const { allowedHosts, allowedOrigins, peers } = config;
  return new RequestPolicy({
    hosts: [...peers.flatMap(({ name, host }) => [name, host]), ...allowedHosts],
    allowedOrigins,
    clock,
    refused: (code, who) => trace.note(refTo(config.name, 'policy'), 'warn', `http.${code}`, { who }),
  });
}

function openDoors(parts: Parts): Doors {
  const { config, limits, clock, trace, network, system, status, known } = parts;
  const policy = makePolicy(parts);
  const addresses = new ClientAddresses(config.trustedProxies);
  const wrongTokens = new WrongTokens(clock);
  const http = createHttpDoor({
    wrongTokens,
    system,
    node: config.name,
    limits,
    adminToken: config.adminToken,
    status: () => status.text(),
    topics: (after) => status.topics(after),
    ready: () => status.recentReadiness(),
    healthy: () => status.healthy(),
    policy,
    addressOf: (request) => addresses.of(request),
    ownerOf: (socket) => shareOwner(socket.remoteAddress ?? ''),
    isKnown: (owner) => known.has(owner),
    trace,
    clock,
  });
  const shared = sharedBySessions(limits, tokenChecker(config.adminToken), wrongTokens);
  const wire = new WireServer({
    node: config.name,
    limits,
    clock,
    trace,
    policy,
    addressOf: (request) => addresses.of(request),
    acceptPeer: (socket, raw, address) => network.accept(socket, raw, address),
    authenticate: tokenCheck([]),
    openClient: (connection) => openClientSession(system, connection, limits, shared),
  });
  wire.attach(http.server);
  return { http, wire };
}

/** Starts the actors on the open store, and dials the peers. */
function join(parts: Parts, store: LogStore, url: string): PeerLinks {
  const { config, limits, clock, random, trace, system, status } = parts;
  const links = new PeerLinks({
    name: config.name,
    peers: new Map(config.peers.map((peer) => [peer.name, formatEndpoint(peer)])),
    secret: config.secret,
    incarnation: store.startCount,
    limits,
    clock,
    random,
    trace,
    codec: createActorCodec(limits),
    route: routeEnvelope,
    deliver: (envelope) => deliver(system, envelope),
    provedFrom: (address) => parts.known.learn(address),
    onLink: (node, state) => {
      const peerLink = refTo<PeerLinkMessage>(config.name, peerLinkActorId);
      system.send(peerLink, { kind: 'link-news', node, up: state === 'up' }, 'control');
    },
  });
  parts.network.use(links);
  startNodeActors({
    system,
    store,
    name: config.name,
    nodes: config.peers.map((peer) => peer.name),
    url,
    limits,
    crc32,
    manualBrokers: config.manualBrokers,
    unusedDays: config.unusedDays,
    defaultStorage: config.storage,
    onClusterId: (id) => {
      links.clusterId = id;
    },
  });
  const nodes = config.peers.map((peer) => peer.name);
  const processFacts = () => ({ ready: status.readiness().ready, healthy: status.healthy() });
  const port = adminPort(system, nodes, processFacts);
  system.spawn(adminActorId, () => new Admin({ node: config.name, limits, port }));
  links.start();
  return links;
}

/** Answers what has arrived, for a bounded time, then ends everything in the reverse order of its start. */
async function close(parts: Parts, { http, wire }: Doors, links: PeerLinks, storage: Storage): Promise<void> {
  parts.status.closing();
  const answered = http.close();
  wire.close();
  await Promise.race([answered, new Promise<void>((late) => parts.timeouts.schedule(2_000, late))]);
  await untilNoted(parts);
  links.close();
  parts.system.stopAll();
  await storage.close();
  end(parts, { http, wire });
}

/**
 * What consumers were handed is noted at the partitions before this node stops, or it would be given to them again (S11): by a node that is
 * stopped nothing need come twice. Partitions that do not take it within this time have no leader now.
 */
async function untilNoted({ system, timeouts }: Parts): Promise<void> {
  const gateway = refTo<GatewayMessage>(system.node, gatewayActorId);
  system.send(gateway, { kind: 'note-takes' }, 'control');
  for (let leftMs = 1_000; leftMs > 0; leftMs -= 20) {
    const open = system.inspectOne(gatewayActorId)?.details['openTakes'] ?? 0;
    if (open === 0) return;
    await new Promise<void>((look) => timeouts.schedule(20, look));
  }
}

/** Whatever may still wait is called off. */
function end({ clock, loop, timeouts }: Parts, { http }: Doors): void {
  http.server.closeAllConnections();
  loop.close();
  clock.close();
  timeouts.clear();
}

async function listen(server: Server, config: NodeConfig): Promise<string> {
  const { host, port } = config.listen;
  server.listen({ host, port });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  // Beyond loopback others reach this node under the address that its peers know it by.
  const own = config.peers.find((peer) => peer.name === config.name);
  return `http://${formatEndpoint({ host: own?.host ?? host, port: address.port })}`;
}
