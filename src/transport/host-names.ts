/**
 * Under which names HTTP may ask for this node. A name that somebody else owns may point here without our doing (DNS rebinding): a
 * page that was served under it counts, to its browser, as this node's own. So a name has to be known: an address, `localhost`, a
 * name without a dot (no public one is), the nodes' own, and those that the configuration lists.
 */
import { isIP } from 'node:net';

const hostForm = /^(?:\[([0-9a-f:.]+)\]|([^\s:/?#@[\]\\]+))(?::\d{0,5})?$/i;

export class HostNames {
  readonly #known: ReadonlySet<string>;

  /** `known`: names of the nodes and their addresses among peers, and listed ones; without port. */
  constructor(known: Iterable<string>) {
    this.#known = new Set([...known].map((name) => name.toLowerCase().replace(/\.$/, '')));
  }

  /** `host`: the value of a Host header. Undefined: it is none (RFC 9110, section 7.2). */
  name(host: string): string | undefined {
    const [, address, name] = hostForm.exec(host) ?? [];
    if (address !== undefined) return isIP(address) === 6 ? address.toLowerCase() : undefined;
    return name?.toLowerCase().replace(/\.$/, '');
  }

  /** `name`: as `name()` gives it, or the hostname of an URL. */
  allows(name: string): boolean {
    const plain = name.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
    return isIP(plain) !== 0 || plain === 'localhost' || !plain.includes('.') || this.#known.has(plain);
  }
}
