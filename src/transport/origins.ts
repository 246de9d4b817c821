/**
 * Which web pages may connect: those that the configuration lists, and the node's own.
 *
 * A page is the node's own if it came from the very address that the upgrade is sent to. That address must be a number or
 * localhost: a name could belong to somebody who first served a page under it and then let it point here (DNS rebinding), so
 * nodes that are reached under a name have it listed.
 */

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

function isNumberOrLocalhost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}

/** `origin`, `host`: the headers of the upgrade. Programs send no origin. */
export function mayConnect(
  origin: string | undefined,
  host: string | undefined,
  listed: readonly string[],
): boolean {
  if (origin === undefined || listed.includes(origin)) return true;
  const page = parse(origin);
  const own = parse(`${page?.protocol}//${host}`);
  if (page === undefined || own === undefined || !/^https?:$/.test(page.protocol)) return false;
  return page.origin === origin && page.host === own.host && isNumberOrLocalhost(page.hostname);
}
