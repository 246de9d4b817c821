/** What `callboard dev` says when the cluster is ready: lines to paste into a shell, as they are. */
import { formatEndpoint } from '../../node/config-endpoints.ts';
import type { Endpoint } from '../../node/config.ts';
import { reachable } from './options.ts';

/** Answers end without a line end, which a terminal wants. */
const CURL = `curl -s -w '\\n'`;
const JSON_TYPE = `-H 'content-type: application/json'`;

export function urlOf(endpoint: Endpoint): string {
  return `http://${formatEndpoint(reachable(endpoint))}`;
}

/** Takes an id out of an answer with what every shell has. */
function idFrom(field: string): string {
  return `sed 's/.*"${field}":"\\([0-9a-f]*\\)".*/\\1/'`;
}

/** Create, register, produce, consume: each on another node, since every node answers every call. */
function curlLines(urls: readonly string[]): readonly string[] {
  const at = (index: number): string => urls[index % urls.length] ?? '';
  const register = (role: 'producer' | 'consumer', url: string): string =>
    `${role.toUpperCase()}=$(curl -s -X POST ${JSON_TYPE} -d '{"topic":"greetings"}' ${url}/${role}/register | ${idFrom(`${role}_id`)})`;
  const produced = `{"topic":"greetings","producer_id":"'$PRODUCER'","message":"Hello, board"}`;
  const consumed = `{"topic":"greetings","consumer_id":"'$CONSUMER'"}`;
  return [
    `${CURL} -X POST ${JSON_TYPE} -d '{"name":"greetings","number_of_partitions":2}' ${at(0)}/topics`,
    register('producer', at(1)),
    register('consumer', at(2)),
    `${CURL} -X POST ${JSON_TYPE} -d '${produced}' ${at(0)}/producer/produce`,
    `${CURL} -X GET ${JSON_TYPE} -d '${consumed}' ${at(1)}/consumer/consume`,
  ];
}

export interface WelcomeFacts {
  readonly nodes: readonly { readonly name: string; readonly url: string }[];
  readonly data: string;
  /** Topics are kept in memory. */
  readonly memory: boolean;
  readonly adminToken: { readonly file: string } | undefined;
}

export function welcome({ nodes, data, memory, adminToken }: WelcomeFacts): string {
  const token = adminToken === undefined ? 'the one in CALLBOARD_ADMIN_TOKEN' : `in ${adminToken.file}`;
  return [
    '',
    `Callboard is ready: ${nodes.length} node${nodes.length === 1 ? '' : 's'}, each answers every call.`,
    ...nodes.map(({ name, url }) => `  ${name}  ${url}`),
    '',
    `Open ${nodes[0]?.url ?? ''} in a browser, or paste these lines into a shell to create, register, produce and consume:`,
    '',
    ...curlLines(nodes.map(({ url }) => url)),
    '',
    `Admin token: ${token}`,
    `Data, and each node's log: ${data}/broker-N/callboard.log`,
    `State of a node: curl ${nodes[0]?.url ?? ''}/status`,
    `Stop everything: Ctrl-C here, or kill this process. ${memory ? 'Topics are in memory, and gone then.' : 'The data stays.'}`,
    '',
  ].join('\n');
}
