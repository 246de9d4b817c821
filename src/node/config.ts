/** What one node is told at its start. `loadNodeConfig` makes it from flags, environment, a file and defaults. */
import type { Limits, TopicStorage } from '@callboard/client/protocol';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A node that was named at the start; it reaches the others, and they it, at this address. */
export interface Peer extends Endpoint {
  readonly name: string;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Days without use after which producers and consumers are forgotten, unless the setting says otherwise. */
export const defaultUnusedDays = 30;

export interface NodeConfig {
  readonly name: string;
  /** Where this node listens: for HTTP, clients and peers alike. */
  readonly listen: Endpoint;
  /** All nodes named at the start, this one included, in the order given; the first one founds the cluster. */
  readonly peers: readonly Peer[];
  /** Absolute; made if absent. */
  readonly dataDirectory: string;
  /** Peers prove it in their hello. A node alone without a configured one has a random one, so nobody passes as its peer. */
  readonly secret: string;
  /** For the admin calls. Random where none is configured, so that every token is wrong. */
  readonly adminToken: string;
  /** Of topics whose creator does not say. */
  readonly storage: TopicStorage;
  /** Brokers wait for the admin call `add` instead of registering themselves. */
  readonly manualBrokers: boolean;
  readonly logLevel: LogLevel;
  /** Absolute. Undefined: the log goes to standard output. */
  readonly logFile: string | undefined;
  /** Browser origins that may connect beside the node's own. */
  readonly allowedOrigins: readonly string[];
  /** Names, lower case and without port, under which HTTP may ask for this node beside those that are always its own. */
  readonly allowedHosts: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-For` says who asks. */
  readonly trustedProxies: readonly string[];
  /** After so many days without use producers and consumers are forgotten; 0: never. */
  readonly unusedDays: number;
  /** Checked together with the defaults by `assertLimits`. */
  readonly limitsOverrides?: Partial<Limits>;
}
