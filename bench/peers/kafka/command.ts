import { fetched } from '../lib/servers.ts';

export const jars: string = `${fetched}kafka`;
const heap = '-Xmx768m';

/** The jars' own classes, run by `java`, as Kafka's shell scripts do. */
export function kafkaCommand(mainClass: string, ...args: readonly string[]): [string, ...string[]] {
  return ['java', heap, '-cp', `${jars}/*`, mainClass, ...args];
}
