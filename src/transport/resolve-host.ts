/**
 * Host names without the thread pool: getaddrinfo would wait behind the storage's fsyncs, and they behind it. Names
 * that DNS does not know (`localhost`, /etc/hosts) still go there.
 */
import { lookup, Resolver } from 'node:dns';
import type { LookupFunction } from 'node:net';

const resolver = new Resolver({ timeout: 1_000, tries: 2 });

/** For the `lookup` option of a connection. */
export const resolveHost: LookupFunction = (host, options, callback) => {
  resolver.resolve4(host, (error, found) => {
    const [first] = found ?? [];
    if (error !== null || first === undefined) {
      lookup(host, options, callback);
    } else if (options.all === true) {
      callback(
        null,
        found.map((address) => ({ address, family: 4 })),
      );
    } else {
      callback(null, first, 4);
    }
  });
};
