/** `host:port` and `name=host:port,...` as people write them. A mistake is answered with a text, never with a guess. */
import { isIP } from 'node:net';
import type { Endpoint, Peer } from './config.ts';

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

const NODE_NAME = /^(?!\.+$)[A-Za-z0-9._-]{1,64}$/;
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$/;
/** The named nodes all vote on the directory; a larger cluster grows by nodes that join later. */
const PEERS_MAX = 15;

function fail(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}

export function parseNodeName(text: string): Parsed<string> {
  if (NODE_NAME.test(text)) return { ok: true, value: text };
  return fail('a node name is 1 to 64 of letters, digits, `.`, `_` and `-`, and not only dots');
}

export function parsePort(text: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= 65_535) return { ok: true, value: port };
  return fail(`a port is a whole number from 1 to 65535, not '${text}'`);
}

export function parseHost(text: string): Parsed<string> {
  if (isIP(text) !== 0) return { ok: true, value: text };
  // Digits and dots alone are an address with a mistake in it, and no resolver should be asked for such a name.
  if (/^[\d.]+$/.test(text)) return fail(`'${text}' is not an IP address: write four numbers from 0 to 255`);
  if (HOST_NAME.test(text)) return { ok: true, value: text };
  return fail(`'${text}' is neither a host name nor an IP address`);
}

/** `host:port`, `[IPv6]:port`, or a port alone, which means this machine only. */
export function parseEndpoint(text: string): Parsed<Endpoint> {
  if (/^\d+$/.test(text)) return withPort('127.0.0.1', text);
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(text);
  if (bracketed !== null) {
    const [, address = '', port = ''] = bracketed;
    if (isIP(address) !== 6) return fail(`'${address}' in brackets is not an IPv6 address`);
    return withPort(address, port);
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0) return fail(`the port is missing: write ${text}:8080`);
  const host = text.slice(0, colon);
  if (host === '') {
    return fail(`the host is missing: write 127.0.0.1${text}, or 0.0.0.0${text} to listen on all interfaces`);
  }
  if (host.includes(':')) {
    return fail(`an IPv6 address stands in brackets: write [${host}]:${text.slice(colon + 1)}`);
  }
  const parsed = parseHost(host);
  return parsed.ok ? withPort(parsed.value, text.slice(colon + 1)) : parsed;
}

function withPort(host: string, port: string): Parsed<Endpoint> {
  const parsed = parsePort(port);
  return parsed.ok ? { ok: true, value: { host, port: parsed.value } } : parsed;
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

function parsePeer(text: string, place: number): Parsed<Peer> {
  const which = `peer ${place} is '${text}'`;
  const equals = text.indexOf('=');
  if (equals < 0) return fail(`${which}, without a name: write name=host:port`);
  const name = parseNodeName(text.slice(0, equals));
  if (!name.ok) return fail(`${which}: ${name.why}`);
  const endpoint = parseEndpoint(text.slice(equals + 1));
  if (!endpoint.ok) return fail(`${which}: ${endpoint.why}`);
  return { ok: true, value: { name: name.value, ...endpoint.value } };
}

/** `items`: one `name=host:port` each. The order counts: the first one founds the cluster. */
export function parsePeers(items: readonly string[]): Parsed<readonly Peer[]> {
  if (items.length > PEERS_MAX) return fail(`${items.length} peers are named, at most ${PEERS_MAX} may be`);
  const peers: Peer[] = [];
  for (const [index, item] of items.entries()) {
    const text = item.trim();
    if (text === '') {
      return fail(`peer ${index + 1} is empty: write name=host:port,name=host:port without a comma too many`);
    }
    const parsed = parsePeer(text, index + 1);
    if (!parsed.ok) return parsed;
    const peer = parsed.value;
    for (const other of peers) {
      if (other.name === peer.name) {
        return fail(`two peers are named '${peer.name}': give each node a name of its own`);
      }
      if (other.host === peer.host && other.port === peer.port) {
        return fail(`'${other.name}' and '${peer.name}' have the same address ${formatEndpoint(peer)}`);
      }
    }
    peers.push(peer);
  }
  if (peers.length === 0) return fail('no peer is named: write name=host:port for every node of the cluster');
  return { ok: true, value: peers };
}

export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase();
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
