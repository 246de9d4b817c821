/** The addresses that users write, as the URL of a node's door for clients. */
import { guarded, refused } from '../checks/options.ts';
import { shown } from '../checks/text.ts';
import { errorOf } from '../errors.ts';

const schemes: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};
const door = '/client';
const mostAddresses = 1_000;

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
  const more = url.search !== '' || url.hash !== '';
  if (more) throw badAddress(address.slice(0, 200), 'has a query or a fragment');
  const path = url.pathname.replace(/\/+$/, '');
  return `${scheme}//${url.host}${path.endsWith(door) ? path : path + door}`;
}

export function clientUrls(addresses: unknown): readonly string[] {
  return guarded('the addresses', () => {
    const list: unknown = typeof addresses === 'string' ? addresses.split(',') : addresses;
    if (!Array.isArray(list)) throw refused(`an address must be text, not ${shown(addresses)}`);
    const { length } = list;
    if (length > mostAddresses) throw refused(`${length} addresses are more than a client can use`);
    const urls = new Set<string>();
    for (let i = 0; i < length; i += 1) {
      const address: unknown = list[i];
      if (typeof address !== 'string') throw refused(`an address must be text, not ${shown(address)}`);
      urls.add(clientUrl(address.trim()));
    }
    if (urls.size === 0) throw badAddress('', 'is empty: give at least one');
    return [...urls];
  });
}

function badAddress(address: string, what: string, cause?: unknown): Error {
  const message = `the address '${address}' ${what}; write for example 'http://localhost:8080'`;
  return errorOf('bad_request', { message }, { cause });
}
