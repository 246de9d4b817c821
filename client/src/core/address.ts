/** The addresses that users write, as the URL of a node's door for clients. */
import { errorOf } from '../errors.ts';

const schemes: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};
const door = '/client';

/** Takes `http://`, `https://`, `ws://`, `wss://`, each with or without a path in front of the door, and plain `host:port`. */
export function clientUrl(address: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(address);
  let url: URL;
  try {
    url = new URL(hasScheme ? address : `ws://${address}`);
  } catch (cause) {
    throw badAddress(address, 'is no URL', cause);
  }
  const scheme = schemes[url.protocol];
  if (scheme === undefined) throw badAddress(address, `has the scheme ${url.protocol}`);
  if (url.hostname === '') throw badAddress(address, 'names no host');
  const secret = url.username !== '' || url.password !== '';
  if (secret) throw badAddress('(hidden)', 'holds a password; use the token option');
  const path = url.pathname.replace(/\/+$/, '');
  return `${scheme}//${url.host}${path.endsWith(door) ? path : path + door}`;
}

export function clientUrls(addresses: string | readonly string[]): readonly string[] {
  const list = typeof addresses === 'string' ? addresses.split(',') : addresses;
  const urls = new Set(list.map((address) => clientUrl(address.trim())));
  if (urls.size === 0) throw badAddress('', 'is empty: give at least one');
  return [...urls];
}

function badAddress(address: string, what: string, cause?: unknown): Error {
  const message = `the address '${address}' ${what}; write for example 'http://localhost:8080'`;
  return errorOf('bad_request', { message }, { cause });
}
