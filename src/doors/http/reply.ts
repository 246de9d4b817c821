/** Answers as they go out. Nothing is ever to be cached: even a GET may take a record off its queue. */
import type { ServerResponse } from 'node:http';
import { failure, type CallError } from '@callboard/client/protocol';
import { failureBody } from './texts.ts';

type Headers = Readonly<Record<string, string>>;

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers: Headers;
}

const noHeaders: Headers = {};

export function reply(status: number, type: string, body: string, headers: Headers = noHeaders): Reply {
  return { status, type, body, headers };
}

export function json(status: number, body: object, headers: Headers = noHeaders): Reply {
  return reply(status, 'application/json', JSON.stringify(body), headers);
}

export function failed(status: number, error: CallError, headers: Headers = noHeaders): Reply {
  return json(status, failureBody(error), headers);
}

/** Paths and methods come from the network: shown, but never at length. */
function shown(plain: string): string {
  return plain.length > 80 ? `'${plain.slice(0, 80)}…'` : `'${plain}'`;
}

export function notFound(path: string): Reply {
  const message = `Nothing is served at ${shown(path)}: see GET / for what is.`;
  return failed(404, failure('bad_request', { message }));
}

export function wrongMethod(method: string, path: string, allow: string): Reply {
  const message = `${shown(path)} does not take ${shown(method)}: use ${allow}.`;
  return failed(405, failure('bad_request', { message }), { allow });
}

export function tooLarge(limitBytes: number): Reply {
  const message = `The request has more than ${limitBytes} bytes: send less at a time.`;
  return failed(413, failure('record_too_large', { message }), { connection: 'close' });
}

export function overloaded(): CallError {
  const message = 'This node holds as many bytes of requests and answers as it may: try again later.';
  return failure('overloaded', { message, retryAfterMs: 250 });
}

/** Everything but the body's end: `end` follows, at once or after the rest of the request was read. */
export function writeHead(response: ServerResponse, answer: Reply): void {
  response.writeHead(answer.status, {
    'content-type': answer.type,
    // A 304 has no body, and its length would be taken for that of the body which the client has.
    ...(answer.status === 304 ? {} : { 'content-length': Buffer.byteLength(answer.body) }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
}

/** A raw answer for a connection on which HTTP itself has failed. */
export function rawReply(status: number, reason: string, error: CallError): string {
  const body = JSON.stringify(failureBody(error));
  return (
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
    `connection: close\r\n\r\n${body}`
  );
}
