/**
 * Which calls of web browsers a node takes over HTTP. A page of anybody, open in a browser on this machine, can send requests to
 * localhost and to the local network. Programs are never affected: they send none of the headers that are looked at here.
 *
 * - A request that names its page (`origin`) must come from the node's own page or from a listed one.
 * - A browser that names no page asks for the node itself: by a number, by localhost, or by the name of a listed origin. Under any
 *   other name the page may be of somebody who let his own name point here (DNS rebinding).
 * - What a foreign page embeds (an image, a script) is refused; a link that somebody followed is not.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { mayConnect } from './origins.ts';

function isBrowser(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] !== undefined || (headers['user-agent'] ?? '').startsWith('Mozilla/');
}

function isEmbedded(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

/** Why the call is refused, for people; undefined: it may be made. */
export function browserRefusal(headers: IncomingHttpHeaders, listed: readonly string[]): string | undefined {
  const { origin, host } = headers;
  const wayOut = 'If that is meant, list its origin in allowedOrigins.';
  if (origin !== undefined) {
    if (mayConnect(origin, host, listed)) return undefined;
    return `The call comes from a web page of '${origin.slice(0, 200)}', which this node does not know. ${wayOut}`;
  }
  if (!isBrowser(headers)) return undefined;
  if (isEmbedded(headers)) return `The call comes from a web page of another site. ${wayOut}`;
  const asked = [`http://${host}`, `https://${host}`];
  if (asked.some((page) => listed.includes(page) || mayConnect(page, host, []))) return undefined;
  return `A browser asks for this node under the name '${(host ?? '').slice(0, 200)}', which it does not know as its own. ${wayOut}`;
}
