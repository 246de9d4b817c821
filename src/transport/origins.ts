/**
 * Which web pages may use a node: those that the configuration lists, and the node's own. A page is the node's own if it came from
 * the very address that the request is sent to, under a name that is known to be the node's.
 */
import type { HostNames } from './host-names.ts';

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** `origin`, `host`: the headers of the request. Programs send no origin. */
export function mayConnect(
  origin: string | undefined,
  host: string | undefined,
  listed: readonly string[],
  names: HostNames,
): boolean {
  if (origin === undefined || listed.includes(origin)) return true;
  const page = parse(origin);
  const own = parse(`${page?.protocol}//${host}`);
  if (page === undefined || own === undefined || !/^https?:$/.test(page.protocol)) return false;
  return page.origin === origin && page.host === own.host && names.allows(page.hostname);
}
