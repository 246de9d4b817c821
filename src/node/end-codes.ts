/**
 * Codes under which a process refuses to start or ends. Calls are answered with the codes of the protocol instead; docs/errors.md
 * tells of both, and a test compares them. A failed storage is in both tables: it may be told to a caller before the node ends.
 */
import { errorTable } from '@callboard/client/protocol';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  data: 3,
  address: 4,
  storage: 5,
  unavailable: 6,
  refused: 7,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type EndCode =
  | 'usage'
  | 'admin_token_missing'
  | 'config_file_unreadable'
  | 'config_unknown_key'
  | 'config_invalid_value'
  | 'config_conflict'
  | 'config_secret_missing'
  | 'config_secret_unreadable'
  | 'port_in_use'
  | 'port_forbidden'
  | 'host_not_local'
  | 'data_in_use'
  | 'data_inaccessible'
  | 'data_other_cluster'
  | 'data_secret_damaged'
  | 'disk_full'
  | 'storage_failed'
  | 'node_failed'
  | 'unexpected';

interface EndEntry {
  readonly meaning: string;
  readonly exitCode: ExitCode;
}

function entry(meaning: string, exitCode: ExitCode): EndEntry {
  return Object.freeze({ meaning, exitCode });
}

export const endTable: Readonly<Record<EndCode, EndEntry>> = Object.freeze({
  usage: entry('The command line says something that no command understands.', exitCodes.usage),
  admin_token_missing: entry('A command for operators was given no admin token.', exitCodes.usage),
  config_file_unreadable: entry('The config file cannot be read, or is no JSON object.', exitCodes.usage),
  config_unknown_key: entry('A setting of this name does not exist.', exitCodes.usage),
  config_invalid_value: entry('The value of a setting is not one that it can have.', exitCodes.usage),
  config_conflict: entry('Two settings contradict each other.', exitCodes.usage),
  config_secret_missing: entry('A node that has peers was given no cluster secret.', exitCodes.usage),
  config_secret_unreadable: entry('A file that holds a secret cannot be read.', exitCodes.usage),
  port_in_use: entry('Another program listens on this address.', exitCodes.address),
  port_forbidden: entry('This user may not listen on this address.', exitCodes.address),
  host_not_local: entry('The address is none of this machine.', exitCodes.address),
  data_in_use: entry('Another process works on the data directory.', exitCodes.data),
  data_inaccessible: entry('The data directory cannot be read or written.', exitCodes.data),
  data_other_cluster: entry('The data directory was made for another cluster.', exitCodes.data),
  data_secret_damaged: entry('A secret that is kept in the data directory is not whole.', exitCodes.data),
  disk_full: entry('The disk is full, and giving up the ballast file did not help.', exitCodes.data),
  storage_failed: entry(errorTable.storage_failed.meaning, exitCodes.storage),
  node_failed: entry('A node of `callboard dev` ended and cannot be started again.', exitCodes.failed),
  unexpected: entry('The process met a condition that it does not expect: a bug.', exitCodes.failed),
});

export const endCodes: readonly EndCode[] = Object.keys(endTable) as EndCode[];

export function isEndCode(text: string): text is EndCode {
  return Object.hasOwn(endTable, text);
}
