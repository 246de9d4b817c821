/**
 * The HTTP contract as cases that run against anything that serves it: a door with a model behind it, or the nodes of a real
 * cluster. Names are drawn per run, so that a suite may run again on the same cluster, and beside others.
 */
import { browserCases } from './contract/pages.ts';
import { consumeCases } from './contract/consuming.ts';
import { produceCases } from './contract/producing.ts';
import { Client } from './contract/kit.ts';
import type { ContractCase, ContractOptions } from './contract/kit.ts';
import { adminCases } from './contract/administering.ts';
import { topicCases } from './contract/topics.ts';
import { transportCases } from './contract/transport.ts';
import { validationCases } from './contract/validating.ts';

export type { ContractCase, ContractOptions } from './contract/kit.ts';

/**
 * `base`: the base URLs of all nodes, asked again for each call; calls are spread over them.
 * `options.brokers`: the names of all brokers, for the cases that switch them off and on again.
 */
export function contractCases(
  base: () => string[],
  adminToken: string,
  options: ContractOptions = {},
): readonly ContractCase[] {
  const client = new Client(base, adminToken);
  return [
    ...validationCases(client),
    ...topicCases(client),
    ...produceCases(client),
    ...consumeCases(client),
    ...transportCases(client, options),
    ...browserCases(client),
    ...adminCases(client, options),
  ];
}
