/**
 * Answers a request whose body is not read. To close at once would reset the connection under a client that is still sending,
 * which would then never see the answer; so what still comes is read and dropped, until it ends, pauses, or is too much.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { writeHead, type Reply } from './reply.ts';

const mostDrainedBytes = 16 << 20;
/** Nothing came for so long: the client waits, or has read the answer and stopped. */
const pauseMs = 500;

/** The answer must say `connection: close`. */
export function refuseUnread(request: IncomingMessage, response: ServerResponse, answer: Reply): void {
  writeHead(response, answer);
  // Who waits for leave to send its body has it in the answer: there is nothing to drain.
  if (request.headers.expect !== undefined) {
    response.end(answer.body);
    return;
  }
  response.write(answer.body);
  const pause = setTimeout(() => response.end(), pauseMs);
  let drained = 0;
  request.on('data', (chunk: Buffer) => {
    drained += chunk.byteLength;
    if (drained > mostDrainedBytes) request.destroy();
    else pause.refresh();
  });
  request.once('end', () => response.end());
  response.once('close', () => clearTimeout(pause));
}
