/** Small helpers for directory tests: a machine with some brokers, and ids that read well in failures. */
import { defaultLimits, type Limits } from '@callboard/client/protocol';
import { DirectoryMachine, type DirectoryResult, type Topic } from '../../src/directory/index.ts';

/** A 32-digit id that shows its number. */
export function id(number: number): string {
  return number.toString(16).padStart(32, '0');
}

export function machine(brokers = 3, limits: Partial<Limits> = {}, replicationFactor = 3): DirectoryMachine {
  const made = new DirectoryMachine({ limits: { ...defaultLimits, ...limits }, replicationFactor });
  for (let n = 1; n <= brokers; n += 1) register(made, n);
  return made;
}

export function register(
  to: DirectoryMachine,
  n: number,
  manual = false,
  replica: string = id(n),
): DirectoryResult {
  const url = `http://h${n}:8080`;
  return to.apply({ kind: 'register-node', name: `b${n}`, replica, url, manual }).result;
}

export function codeOf(result: DirectoryResult): string {
  return result.ok ? 'ok' : result.error.code;
}

export function readyTopic(on: DirectoryMachine, name: string, partitions = 2): Topic {
  on.apply({ kind: 'create-topic', name, partitions });
  on.apply({ kind: 'topic-ready', name });
  const topic = on.topic(name);
  if (topic === undefined) throw new Error(`topic ${name} was not created`);
  return topic;
}
