/** The HTTP server of a node and everything that happens below the level of requests: its limits and its broken connections. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { failure, type Limits } from '@callboard/client/protocol';
import { failed, rawReply, type Reply } from './reply.ts';

/** Idle connections outlive the pauses of common clients and load balancers. */
const keepAliveMs = 65_000;
/** A client that does not take its answer is let go; longer than any call lasts. */
const idleMs = 30_000;

export interface ServerHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** For requests that must be refused before anything of them is looked at. */
  refuse(request: IncomingMessage, response: ServerResponse, answer: Reply): void;
  /** A connection was closed because there are too many. */
  dropped(): void;
}

export function createHttpServer(limits: Limits, handlers: ServerHandlers): Server {
  const server = createServer({
    headersTimeout: 5_000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: 16_384,
    insecureHTTPParser: false,
    // Checked by the door itself, which answers in JSON.
    requireHostHeader: false,
  });
  server.timeout = idleMs;
  server.maxConnections = limits.clientConnections;
  server.on('request', handlers.request);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Who announces too much is told so before sending it.
    if (Number(request.headers['content-length'] ?? 0) <= limits.httpBodyBytes) response.writeContinue();
    handlers.request(request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const message = "The request expects what this server does not do: leave out the header 'expect'.";
    handlers.refuse(
      request,
      response,
      failed(417, failure('bad_request', { message }), { connection: 'close' }),
    );
  });
  server.on('drop', () => handlers.dropped());
  server.on('clientError', answerBrokenClient);
  return server;
}

/** The response that Node is about to write on a connection, if any. */
interface Busy {
  readonly _httpMessage?: {
    readonly headersSent: boolean;
    readonly req: { readonly complete: boolean };
  } | null;
}

/** What came in is not HTTP, or came too slowly. It is told so where that cannot be taken for another request's answer. */
function answerBrokenClient(error: Error & { code?: string }, socket: Duplex & Busy): void {
  const current = socket._httpMessage;
  const mixedUp = current !== undefined && current !== null && (current.headersSent || current.req.complete);
  if (!socket.writable || error.code === 'ECONNRESET' || mixedUp) {
    socket.destroy();
    return;
  }
  socket.end(brokenClientReply(error.code), () => socket.destroy());
}

function brokenClientReply(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message =
      'The headers of the request have more than 16384 bytes: send fewer, or the parameters in a body.';
    return rawReply(431, 'Request Header Fields Too Large', failure('bad_request', { message }));
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const message = 'The request did not arrive whole in time: headers have 5 s and all of it 15 s.';
    return rawReply(408, 'Request Timeout', failure('timeout', { message, outcome: 'not_applied' }));
  }
  const message = `The request is not HTTP/1.1 as the standard has it (${code ?? 'no reason known'}): nothing was done.`;
  return rawReply(400, 'Bad Request', failure('bad_request', { message }));
}
