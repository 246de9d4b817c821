/**
 * The HTTP door: the contract's calls on a plain `node:http` server.
 *
 * Not on a framework: the contract is a dozen fixed paths, wants GET with a body, its own texts for every fault (also for
 * those that a framework answers itself) and numbers as they were written. What would be left of one is its cost.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { failure, type CallError, type Limits } from '@callboard/client/protocol';
import { refTo, Seldom, SharedBudget, type ActorSystem, type Clock, type Trace } from '../../kernel/index.ts';
import { BodyReader, type Body } from './body.ts';
import { Desk, deskRestarts, type Answered, type HandOver } from './desk.ts';
import { endpoints, type Endpoint } from './endpoints.ts';
import { parseJson, type JsonValue } from './json.ts';
import { Ledger } from './ledger.ts';
import { pageAssets } from './page/assets.ts';
import { frontPage } from './page/front-page.ts';
import { parseQuery } from './query.ts';
import { failed, json, overloaded, reply, tooLarge, writeHead, type Reply } from './reply.ts';
import { refuseUnread } from './refuse.ts';
import { parseTarget, Routes, type Page, type Route } from './routes.ts';
import { createHttpServer } from './server.ts';
import { authFailed, failureBody } from './texts.ts';
import { tokenChecker } from './token.ts';
import { Turns } from './turns.ts';
import { Fields, validate } from './validation.ts';
import type { WrongTokens } from './wrong-tokens.ts';

export interface HttpDoorOptions {
  readonly system: ActorSystem;
  readonly node: string;
  readonly limits: Limits;
  /** Undefined: every admin call fails its authentication. */
  readonly adminToken: string | undefined;
  /** JSON. Asked for as often as anybody likes, so it must cost little. */
  readonly status: () => string;
  /** JSON of what this node's replicas know of the topics behind the name `after`: nobody else is asked. */
  readonly topics: (after: string) => string;
  readonly ready: () => { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly healthy: () => boolean;
  readonly policy: DoorPolicy;
  /** Whom a request counts for, where a budget has shares. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** The same of a connection from which nothing has come yet. */
  readonly ownerOf: (socket: Socket) => string;
  /** Whether it is an address of a peer or of this machine: for those some connections are kept free. */
  readonly isKnown: (owner: string) => boolean;
  /** Shared with whoever else takes the admin's token. */
  readonly wrongTokens: WrongTokens;
  readonly trace: Trace;
  readonly clock: Clock;
}

/** What this node takes by its headers alone: each says why a request is not taken, if it is not. */
export interface DoorPolicy {
  malformed(request: IncomingMessage): CallError | undefined;
  /** The request asks for this node under a name of others. */
  foreignHost(request: IncomingMessage): CallError | undefined;
  /** A web page of others sent it. `changes`: the call changes something. */
  foreignPage(request: IncomingMessage, changes: boolean): CallError | undefined;
}

export interface HttpDoor {
  /** To listen on. Upgrades are left to whoever attaches a handler for them. */
  readonly server: Server;
  /** Takes no more requests, answers those that have arrived, and closes the connections. Upgraded ones are not touched. */
  close(): Promise<void>;
}

const httpDoorActorId = 'http-door';

const jsonType = /^\s*application\/(?:[\w.!#$&^-]+\+)?json\s*(?:;|$)/i;
const probes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const noFields = new Fields(new Map());

export function createHttpDoor(options: HttpDoorOptions): HttpDoor {
  const desk = new Desk(options.node, options.limits);
  options.system.spawn(httpDoorActorId, () => desk.actor(), { restart: deskRestarts });
  const door = new Door(options, desk);
  return { server: door.server, close: () => door.close() };
}

class Door {
  readonly server: Server;
  readonly #options: HttpDoorOptions;
  readonly #desk: Desk;
  readonly #routes: Routes;
  readonly #bodies: BodyReader;
  readonly #isAdmin: (token: string) => boolean;
  readonly #self: ReturnType<typeof refTo>;
  readonly #ledger: Ledger;
  readonly #wrongTokens: WrongTokens;
  readonly #seldom: Seldom;
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;

  constructor(options: HttpDoorOptions, desk: Desk) {
    const { limits } = options;
    this.#options = options;
    this.#desk = desk;
    this.#self = refTo(options.node, httpDoorActorId);
    this.#routes = new Routes(endpoints(limits), this.#pages());
    this.#bodies = new BodyReader(
      limits.httpBodyBytes,
      new SharedBudget({ total: limits.gatewayPendingBytes }),
      new Turns(options.clock),
    );
    this.#isAdmin = tokenChecker(options.adminToken);
    this.#wrongTokens = options.wrongTokens;
    this.#seldom = new Seldom(options.clock);
    this.#ledger = new Ledger({
      connectionBytes: limits.httpConnectionUnsentBytes,
      budget: new SharedBudget({ total: limits.gatewayPendingBytes }),
      settled: () => this.#closed?.(),
    });
    this.server = createHttpServer(limits, {
      request: (request, response, fits) => this.#request(request, response, fits),
      refuse: (request, response, answer) => {
        this.#ledger.arrived(request, response);
        this.#refuse(request, response, answer);
      },
      ownerOf: options.ownerOf,
      isKnown: options.isKnown,
      dropped: (which) => {
        const most = limits.nodeConnections;
        options.trace.note(this.#self, 'warn', 'http.connection_dropped', { most, which });
      },
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.server.close();
      this.#closed = () => {
        this.server.closeIdleConnections();
        resolve();
      };
      if (this.#ledger.open === 0) this.#closed();
    });
    return this.#closing;
  }

  #pages(): readonly Page[] {
    const { node, status, topics, ready, healthy } = this.#options;
    return [
      { path: '/', answer: (request) => frontPage(node, request.headers.accept) },
      {
        path: '/healthz',
        answer: () => {
          if (healthy()) return json(200, { status: 'success' });
          return failed(
            503,
            failure('unavailable', { message: 'This node is not healthy: see /status for the reasons.' }),
          );
        },
      },
      {
        path: '/readyz',
        answer: () => {
          const state = ready();
          if (state.ready) return json(200, { status: 'success', ready: true });
          const reasons = [...state.reasons];
          const why = reasons.length === 0 ? 'no reason is known' : reasons.join('; ');
          const error = failure('unavailable', {
            message: `This node does not serve calls yet (${why}): try again.`,
          });
          return json(503, { ...failureBody(error), ready: false, reasons });
        },
      },
      { path: '/status', answer: () => reply(200, 'application/json', status()) },
      { path: '/status/topics', answer: (request) => topicsPage(request, topics) },
      ...pageAssets(),
    ];
  }

  #request(request: IncomingMessage, response: ServerResponse, fits: boolean): void {
    const address = this.#options.addressOf(request);
    this.#ledger.arrived(request, response);
    const { path, query } = parseTarget(request.url ?? '/');
    const refused = this.#unacceptable(request);
    if (refused !== undefined) {
      this.#refuse(request, response, refused);
      return;
    }
    const route = this.#routes.find(request.method ?? '', path);
    const foreign = this.#foreign(request, route, path);
    if (foreign !== undefined) {
      this.#refuse(request, response, failed(403, foreign, { connection: 'close' }));
      return;
    }
    this.#bodies.read(request, address, (body) => {
      if (body.kind === 'too-large') {
        this.#refuse(request, response, tooLarge(this.#options.limits.httpBodyBytes));
      } else if (!fits) {
        const status = route.kind === 'endpoint' ? 400 : 503;
        this.#refuse(request, response, failed(status, overloaded()));
      } else if (body.kind === 'no-room') {
        const status = route.kind === 'endpoint' ? 400 : 503;
        this.#refuse(request, response, failed(status, overloaded(), { connection: 'close' }));
      } else {
        this.#guarded(response, route, () => this.#dispatch(request, response, route, { query, body }));
      }
    });
  }

  /** What HTTP itself forbids, and Node would answer without a body. */
  #unacceptable(request: IncomingMessage): Reply | undefined {
    const { httpHeaders: mostHeaders } = this.#options.limits;
    if (request.rawHeaders.length > 2 * mostHeaders) {
      const message = `The request has more than ${mostHeaders} headers: send fewer.`;
      return failed(431, failure('bad_request', { message }), { connection: 'close' });
    }
    if (request.httpVersionMajor < 1) {
      const message = `The request speaks HTTP/${request.httpVersion}, this server 1.0 and 1.1: send the version you mean.`;
      return failed(400, failure('bad_request', { message }), { connection: 'close' });
    }
    const malformed = this.#options.policy.malformed(request);
    return malformed === undefined ? undefined : failed(400, malformed, { connection: 'close' });
  }

  /** Before anything else of a request is looked at; probes of a node's health come under any name. */
  #foreign(request: IncomingMessage, route: Route, path: string): CallError | undefined {
    const { policy } = this.#options;
    if (probes.has(path)) return undefined;
    const changes =
      route.kind === 'endpoint' && (route.endpoint.method === 'POST' || route.endpoint.takes === true);
    return policy.foreignHost(request) ?? policy.foreignPage(request, changes);
  }

  #dispatch(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    sent: { readonly query: string; readonly body: Extract<Body, { kind: 'whole' }> },
  ): void {
    if (!this.#ledger.mayAnswer(response)) {
      this.#send(response, failed(route.kind === 'endpoint' ? 400 : 503, overloaded()));
      return;
    }
    if (route.kind === 'reply') {
      this.#send(response, route.answer(request));
      return;
    }
    const { endpoint } = route;
    const parameters =
      endpoint.schema === undefined
        ? undefined
        : parametersOf(request, endpoint, sent.query, sent.body.bytes);
    this.#call(response, endpoint, parameters);
  }

  #call(response: ServerResponse, endpoint: Endpoint, parameters: JsonValue | undefined): void {
    const fields = this.#checked(response, endpoint, parameters);
    if (fields === undefined) return;
    const prepared = endpoint.prepare(fields);
    if ('error' in prepared) {
      this.#send(response, failed(400, prepared.error));
      return;
    }
    const answered: Answered = (value, error, handOver) => {
      const route: Route = { kind: 'endpoint', endpoint };
      const sent = this.#guarded(response, route, () => {
        if (value === undefined) {
          this.#send(response, json(400, failureBody(error, endpoint.subject(fields))));
        } else this.#send(response, json(200, endpoint.body(value, fields)), handOver);
      });
      // Something else was answered in the record's place.
      if (!sent) handOver.settle(false);
    };
    this.#desk.ask(prepared.call, answered, this.#options.addressOf(response.req));
  }

  /** The validated fields of an allowed call; undefined: the answer was sent. */
  #checked(
    response: ServerResponse,
    endpoint: Endpoint,
    parameters: JsonValue | undefined,
  ): Fields | undefined {
    if (endpoint.schema === undefined) return noFields;
    const validated = validate(parameters, endpoint.schema);
    if ('fault' in validated) {
      this.#send(response, failed(400, failure('bad_request', { message: validated.fault })));
      return undefined;
    }
    const { fields } = validated;
    if (endpoint.guardedBy === undefined) return fields;
    return this.#isAllowed(response, endpoint, fields.text(endpoint.guardedBy)) ? fields : undefined;
  }

  /** Whether the token is the right one; if not, the answer was sent or will be. */
  #isAllowed(response: ServerResponse, endpoint: Endpoint, token: string): boolean {
    const address = this.#options.addressOf(response.req);
    if (!this.#wrongTokens.mayTry(address)) {
      const message =
        'Several wrong tokens came from this address, and their answers still wait: try again later.';
      this.#send(response, failed(400, failure('overloaded', { message, retryAfterMs: 1_000 })));
      return false;
    }
    if (this.#isAdmin(token)) return true;
    if (this.#seldom.says(`admin ${address}`)) {
      const { path } = endpoint;
      this.#options.trace.note(this.#self, 'warn', 'http.admin_refused', { path, address });
    }
    this.#wrongTokens.wait(address, () =>
      this.#send(response, failed(400, failure('auth_failed', { message: authFailed }))),
    );
    return false;
  }

  /** Whatever goes wrong in here is answered, and costs nobody else anything. False: it did go wrong. */
  #guarded(response: ServerResponse, route: Route, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#options.trace.note(this.#self, 'error', 'http.request_failed', {
        error: `${error.name}: ${error.message}`,
      });
      if (response.headersSent) {
        response.destroy();
        return false;
      }
      this.#send(response, failed(route.kind === 'endpoint' ? 400 : 500, internalError()));
      return false;
    }
  }

  #send(response: ServerResponse, answer: Reply, handOver?: HandOver): void {
    const bytes = Buffer.byteLength(answer.body);
    const room = this.#ledger.answering(response, bytes, this.#options.addressOf(response.req));
    if (room === 'ok' && handOver !== undefined) {
      this.#ledger.handing(response, (handed) => handOver.settle(handed));
      handOver.onCancel(() => response.destroy());
    } else handOver?.settle(false);
    if (room === 'gone') return;
    const told = room === 'ok' ? answer : noRoomFor(answer);
    const kept =
      this.#closing === undefined ? told : { ...told, headers: { ...told.headers, connection: 'close' } };
    writeHead(response, kept);
    response.end(kept.body);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, answer: Reply): void {
    if (request.complete) this.#send(response, answer);
    else refuseUnread(request, response, answer);
  }
}

/**
 * What stands in the place of an answer that there is no room for. It was made for a call that changes nothing, or for a consume,
 * which gives its record again as long as nobody was handed it.
 */
function noRoomFor(answer: Reply): Reply {
  const page = answer.type !== 'application/json';
  return failed(page ? 503 : 400, { ...overloaded(), outcome: 'unknown' });
}

/** `/status/topics?after=NAME`; anything else is a mistake that should be told. */
function topicsPage({ url = '' }: IncomingMessage, topics: (after: string) => string): Reply {
  const query = new URLSearchParams(parseTarget(url).query);
  const unknown = [...query.keys()].find((name) => name !== 'after');
  if (unknown === undefined) return reply(200, 'application/json', topics(query.get('after') ?? ''));
  const message = `/status/topics has no parameter ${JSON.stringify(unknown.slice(0, 80))}: there is 'after', the name of a topic.`;
  return failed(400, failure('bad_request', { message }));
}

function internalError(): CallError {
  return failure('internal', {
    message: 'This node met a condition that it does not expect: please report it.',
  });
}

/** A body, or the query string of a GET that has none. Undefined: neither, or not the JSON that is needed. */
function parametersOf(
  request: IncomingMessage,
  endpoint: Endpoint,
  query: string,
  body: Buffer,
): JsonValue | undefined {
  if (body.byteLength === 0) {
    return endpoint.method === 'GET' && endpoint.schema !== undefined
      ? parseQuery(query, endpoint.schema)
      : undefined;
  }
  return jsonType.test(request.headers['content-type'] ?? '') ? parseJson(body) : undefined;
}
