/**
 * Gives a request that asks for another protocol back to the HTTP server, as one that does not. Where anybody listens for upgrades,
 * Node hands such a request to the listeners with its body unread, whatever protocol it names and whether or not anybody speaks it:
 * `curl --http2` and the default client of Java ask for `h2c` with every first request.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Headers that belong to the wish alone. */
const ofTheWish: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/** What stays of a `Connection` header when the wish is taken out of it. */
function withoutWish(value: string): string {
  const kept = value.split(',').filter((token) => !ofTheWish.has(token.trim().toLowerCase()));
  return kept.join(',').trim();
}

function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const value = rawHeaders[at + 1] ?? '';
    const lower = name.toLowerCase();
    if (ofTheWish.has(lower)) continue;
    const kept = lower === 'connection' ? withoutWish(value) : value;
    if (lower !== 'connection' || kept !== '') lines.push(`${name}: ${kept}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** `head`: what was read behind the request's headers. The request comes again, as an ordinary one. */
export function asPlainRequest(server: Server, request: IncomingMessage, raw: Duplex, head: Buffer): void {
  // Node has taken its listeners off the socket: until they are back, an error would end the process.
  const ignore = (): void => undefined;
  raw.on('error', ignore);
  raw.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]));
  server.emit('connection', raw);
  raw.off('error', ignore);
}
