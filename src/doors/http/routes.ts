/** Which path takes which method, and what `Allow` says. */
import type { IncomingMessage } from 'node:http';
import type { Endpoint } from './endpoints.ts';
import { reply, notFound, wrongMethod, type Reply } from './reply.ts';

/** A resource beside the contract's table: answered at once, without the gateway. */
export interface Page {
  readonly path: string;
  answer(request: IncomingMessage): Reply;
}

export type Route =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint }
  | { readonly kind: 'reply'; readonly answer: (request: IncomingMessage) => Reply };

interface Resource {
  readonly methods: Map<string, Route>;
  allow: string;
}

export class Routes {
  readonly #resources = new Map<string, Resource>();

  constructor(endpoints: readonly Endpoint[], pages: readonly Page[]) {
    for (const endpoint of endpoints) {
      const route: Route = { kind: 'endpoint', endpoint };
      this.#add(endpoint.path, endpoint.method, route);
      // HEAD is a GET whose body nobody sees: safe to offer for all but the call that takes a record off its queue.
      if (endpoint.method === 'GET' && endpoint.takes !== true) {
        this.#add(endpoint.path, 'HEAD', route);
      }
    }
    for (const { path, answer } of pages) {
      this.#add(path, 'GET', { kind: 'reply', answer });
      this.#add(path, 'HEAD', { kind: 'reply', answer });
    }
    for (const resource of this.#resources.values()) {
      resource.allow = [...resource.methods.keys(), 'OPTIONS'].join(', ');
    }
  }

  find(method: string, path: string): Route {
    const resource = this.#resources.get(path);
    if (resource === undefined) return { kind: 'reply', answer: () => notFound(path) };
    const route = resource.methods.get(method);
    if (route !== undefined) return route;
    const { allow } = resource;
    if (method === 'OPTIONS') return { kind: 'reply', answer: () => reply(200, 'text/plain', '', { allow }) };
    return { kind: 'reply', answer: () => wrongMethod(method, path, allow) };
  }

  #add(path: string, method: string, route: Route): void {
    const resource = this.#resources.get(path) ?? { methods: new Map<string, Route>(), allow: '' };
    resource.methods.set(method, route);
    this.#resources.set(path, resource);
  }
}

export interface Target {
  readonly path: string;
  /** What stands behind the question mark; empty if there is none. */
  readonly query: string;
}

/** Splits a request target. Proxies send it with scheme and host in front. */
export function parseTarget(url: string): Target {
  const origin = /^https?:\/\/[^/?#]*/i.exec(url);
  const local = origin === null ? url : url.slice(origin[0].length);
  const mark = local.indexOf('?');
  const path = mark < 0 ? local : local.slice(0, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : local.slice(mark + 1) };
}
