/** The HTTP server of a node and everything that happens below the level of requests: its limits and its broken connections. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { failure, type Limits } from '@callboard/client/protocol';
import { Connections } from './connections.ts';
import { failed, rawReply, type Reply } from './reply.ts';

export interface ServerHandlers {
  /** `fits`: not too many requests of this connection wait already. */
  request(request: IncomingMessage, response: ServerResponse, fits: boolean): void;
  /** For requests that must be refused before anything of them is looked at. */
  refuse(request: IncomingMessage, response: ServerResponse, answer: Reply): void;
  /** A connection was closed because there are too many. */
  dropped(which: 'silent' | 'idle' | 'slow' | 'new'): void;
  /** Whose connection it is, for the shares of places. */
  ownerOf(socket: Socket): string;
  /** Whether places are kept for it. */
  isKnown(owner: string): boolean;
}

export function createHttpServer(limits: Limits, handlers: ServerHandlers): Server {
  const server = createServer({
    headersTimeout: limits.httpHeadersMs,
    requestTimeout: limits.httpRequestMs,
    connectionsCheckingInterval: Math.max(1, Math.min(1_000, limits.httpHeadersMs / 2)),
    // Outlives the pauses of common clients and load balancers.
    keepAliveTimeout: limits.httpKeepAliveMs,
    maxHeaderSize: limits.httpHeaderBytes,
    insecureHTTPParser: false,
    // Checked by the door itself, which answers in JSON.
    requireHostHeader: false,
  });
  server.timeout = limits.httpIdleMs;
  // More than are allowed, so that the door sees what is missing.
  server.maxHeadersCount = 2 * limits.httpHeaders;
  // Neither `maxConnections`, which would turn away the newest, nor `maxRequestsPerSocket`, which the contract has no answer for.
  const connections = new Connections({
    most: limits.nodeConnections,
    mostRequests: limits.httpPipelinedRequests,
    dropped: handlers.dropped,
    ownerOf: handlers.ownerOf,
    isKnown: handlers.isKnown,
  });
  connections.watch(server);
  const arrived = (request: IncomingMessage, response: ServerResponse): void =>
    handlers.request(request, response, connections.arrived(request, response));
  server.on('request', arrived);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Who announces too much is told so before sending it.
    if (Number(request.headers['content-length'] ?? 0) <= limits.httpBodyBytes) response.writeContinue();
    arrived(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const message = "The request expects what this server does not do: leave out the header 'expect'.";
    handlers.refuse(
      request,
      response,
      failed(417, failure('bad_request', { message }), { connection: 'close' }),
    );
  });
  server.on('clientError', (error: Error & { code?: string }, socket: Duplex) =>
    answerBrokenClient(error, socket as Socket, limits, connections),
  );
  return server;
}

/** What came in is not HTTP, or came too slowly: it is told so, behind the answers to whole requests that came before it. */
function answerBrokenClient(
  error: Error & { code?: string },
  socket: Socket,
  limits: Limits,
  connections: Connections,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // Nothing more is read: what follows a break is no request.
  socket.pause();
  connections.whenAnswered(socket, () => {
    if (socket.writable) socket.end(brokenClientReply(error.code, limits), () => socket.destroy());
    else socket.destroy();
  });
}

function brokenClientReply(code: string | undefined, limits: Limits): string {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = `The headers of the request have more than ${limits.httpHeaderBytes} bytes: send fewer, or the parameters in a body.`;
    return rawReply(431, 'Request Header Fields Too Large', failure('bad_request', { message }));
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const [headers, all] = [limits.httpHeadersMs / 1_000, limits.httpRequestMs / 1_000];
    const message = `The request did not arrive whole in time: headers have ${headers} s and all of it ${all} s.`;
    return rawReply(408, 'Request Timeout', failure('timeout', { message, outcome: 'not_applied' }));
  }
  const message = `The request is not HTTP/1.1 as the standard has it (${code ?? 'no reason known'}): nothing was done.`;
  return rawReply(400, 'Bad Request', failure('bad_request', { message }));
}
