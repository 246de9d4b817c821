/**
 * Whose connection or request it is, for the shares of common budgets. The socket's other end, or, where that is a proxy that the
 * configuration trusts, whom the proxy names in `X-Forwarded-For`. Nobody else's word is taken: anybody can write that header.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** How many entries of `X-Forwarded-For` are looked at: more proxies in a row than anybody has. */
const mostHops = 32;

/** `::ffff:10.0.0.1` is `10.0.0.1`: a socket that listens for both kinds writes it so. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address;
}

/** The first 64 bits of an IPv6 address: what one customer has at least, and may number as he likes. */
function prefix64(address: string): string {
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  const four = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${four.join(':')}::/64`;
}

/** Under what an address holds its shares: an IPv4 address itself, of an IPv6 address the network. */
export function shareOwner(address: string): string {
  const known = plain(address);
  return isIP(known) === 6 ? prefix64(known) : known;
}

export class ClientAddresses {
  readonly #trusted = new BlockList();

  /** `trusted`: addresses and networks (`10.0.0.0/8`) of proxies, checked by the configuration. */
  constructor(trusted: readonly string[]) {
    for (const entry of trusted) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** The owner of shares that this request or upgrade counts for. */
  of(request: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    return shareOwner(this.#client(request));
  }

  #client({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    let address = plain(socket.remoteAddress ?? '');
    const named = headers['x-forwarded-for'];
    if (named === undefined || !this.#trusts(address)) return address;
    const text = Array.isArray(named) ? named.join(',') : named;
    // Each proxy adds whom it was asked by at the end: from there on back, as far as proxies are trusted.
    for (const entry of text.split(',').slice(-mostHops).toReversed()) {
      // Some proxies name the port as well.
      const hop = plain(entry.trim().replace(/^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/, '$1$2'));
      if (isIP(hop) === 0) return address;
      address = hop;
      if (!this.#trusts(address)) return address;
    }
    return address;
  }

  #trusts(address: string): boolean {
    const kind = isIP(address);
    return kind !== 0 && this.#trusted.check(address, kind === 6 ? 'ipv6' : 'ipv4');
  }
}
