/**
 * Which requests a node takes at all, by their headers. A page of anybody, open in a browser on this machine or network, can send
 * requests here; what it must not do is change anything, or read under a name that was made to point here.
 *
 * - The request asks for this node under one of its names (`HostNames`).
 * - Without `sec-fetch-site`, `origin` and a browser's User-Agent it comes from a program, and passes.
 * - A request that names its page (`origin`) comes from the node's own page or from a listed one.
 * - A browser's request that names no page changes nothing, unless the browser vouches that the page is the node's own
 *   (`sec-fetch-site: same-origin`, and not a link that was followed). What another site embeds is refused altogether.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { failure, type CallError } from '@callboard/client/protocol';
import type { Clock } from '../kernel/ports.ts';
import { Seldom } from '../kernel/seldom.ts';
import { HostNames } from './host-names.ts';
import { mayConnect } from './origins.ts';

export interface RequestPolicyOptions {
  /** Names of this node and its peers, their hosts in the configuration, and what `allowHost` lists. */
  readonly hosts: Iterable<string>;
  readonly allowedOrigins: readonly string[];
  readonly clock: Clock;
  /** Told of a refusal, once a minute for each origin or host. */
  refused(code: 'origin_refused' | 'host_refused', who: string): void;
}

/** Enough to know a name by; more would only fill logs. */
const shownCharacters = 200;

type Asked = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersion' | 'url'>;

/** PowerShell calls itself a Mozilla too, and is a program. */
function isBrowser(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-site'] !== undefined) return true;
  const agent = headers['user-agent'] ?? '';
  return agent.startsWith('Mozilla/') && !agent.includes('PowerShell/');
}

function isEmbedded(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

/** The browser says that the page which asks is the node's own. */
function isOwnPage(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] === 'same-origin' && headers['sec-fetch-mode'] !== 'navigate';
}

/** The host that is asked for: a target with scheme and host goes before the header (RFC 9112, section 3.2.2). */
function hostOf({ headers, url = '' }: Asked): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host;
}

function badHost(message: string): CallError {
  return failure('bad_request', { message });
}

export class RequestPolicy {
  readonly #names: HostNames;
  readonly #listed: readonly string[];
  readonly #seldom: Seldom;
  readonly #refused: RequestPolicyOptions['refused'];

  constructor({ hosts, allowedOrigins, clock, refused }: RequestPolicyOptions) {
    this.#names = new HostNames(hosts);
    this.#listed = allowedOrigins;
    this.#seldom = new Seldom(clock);
    this.#refused = refused;
  }

  /** What HTTP itself forbids: more than one host, none, or what is none. Undefined: nothing is wrong. */
  malformed({ headers, rawHeaders, httpVersion }: Asked): CallError | undefined {
    const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
    if (hosts > 1) return badHost(`The request has ${hosts} headers 'host': send one.`);
    const { host } = headers;
    if (host === undefined) {
      if (httpVersion === '1.0') return undefined;
      return badHost("The request has no header 'host', which HTTP/1.1 demands: send one.");
    }
    if (this.#names.name(host) !== undefined) return undefined;
    const shown = JSON.stringify(host.slice(0, shownCharacters));
    return badHost(
      `The header 'host' is ${shown}, which is no host: send the name or address, and the port.`,
    );
  }

  /** Why it is asked for under a name that is not this node's; undefined: it is not. */
  foreignHost(request: Asked): CallError | undefined {
    const host = hostOf(request);
    if (host === undefined) return undefined;
    const name = this.#names.name(host);
    if (name !== undefined && this.#names.allows(name)) return undefined;
    const shown = host.slice(0, shownCharacters);
    this.#note('host_refused', name ?? shown);
    const message =
      `The request asks for '${shown}', which this node does not know as a name of its own. ` +
      `If it is one, start the nodes with --allow-host ${name?.slice(0, shownCharacters) ?? 'NAME'} (allowHost in the config file).`;
    return failure('host_refused', { message });
  }

  /** Why a page may not send this. `changes`: the call changes something. Undefined: it may, or no page sends it. */
  foreignPage(request: Asked, changes: boolean): CallError | undefined {
    const { headers } = request;
    const { origin } = headers;
    if (origin !== undefined) {
      if (mayConnect(origin, hostOf(request), this.#listed, this.#names)) return undefined;
      return this.#refusePage(origin, `of '${origin.slice(0, shownCharacters)}'`);
    }
    if (!isBrowser(headers) || isOwnPage(headers)) return undefined;
    if (isEmbedded(headers)) return this.#refusePage('another site', 'of another site');
    return changes ? this.#refusePage('no origin', 'that does not say where it is from') : undefined;
  }

  #refusePage(who: string, which: string): CallError {
    this.#note('origin_refused', who);
    const message =
      `The call comes from a web page ${which}, which this node does not take it from. If that is meant, ` +
      'start the nodes with --allowed-origins ORIGIN (allowedOrigins in the config file).';
    return failure('origin_refused', { message });
  }

  #note(code: 'origin_refused' | 'host_refused', who: string): void {
    const shown = who.slice(0, shownCharacters);
    if (this.#seldom.says(`${code} ${shown}`)) this.#refused(code, shown);
  }
}
