/** Brokers by name. */
import * as assert from 'uvu/assert';
import { full } from '../../../lib/effort.ts';
import { failure, freshName, success } from './kit.ts';
import type { Client, ContractCase, ContractOptions } from './kit.ts';

const actions = ['add', 'remove', 'activate', 'deactivate'];

export function adminCases(client: Client, options: ContractOptions): readonly ContractCase[] {
  const { brokers } = options;
  return [
    {
      name: 'a wrong token is refused whatever the broker, and nothing is done',
      run: async () => {
        const broker = freshName();
        const refused = async (action: string, token: string): Promise<void> => {
          failure(await client.admin(action, broker, token), 'Authentication failed', 'auth_failed');
        };
        const wrong = [
          '',
          'wrong',
          `${client.adminToken} `,
          `${client.adminToken.toUpperCase()}x`,
          '\0',
          'é',
        ];
        // Each of these answers is held back for longer than the one before, so they wait together.
        await Promise.all(wrong.map((token, at) => refused(actions[at % actions.length] ?? 'add', token)));
        if (full) for (const action of actions) for (const token of wrong) await refused(action, token);
        failure(await client.admin('remove', broker), 'Broker with hostname not present.');
      },
    },
    {
      name: 'a broker is added once, switched off and on as often as wanted, and removed once',
      run: async () => {
        const broker = freshName();
        failure(
          await client.admin('activate', broker),
          'Broker with hostname does not exist.',
          'broker_not_found',
        );
        failure(
          await client.admin('deactivate', broker),
          'Broker with hostname does not exist.',
          'broker_not_found',
        );
        failure(
          await client.admin('remove', broker),
          'Broker with hostname not present.',
          'broker_not_found',
        );
        assert.equal(success(await client.admin('add', broker)).body, { status: 'success' });
        failure(await client.admin('add', broker), 'Broker with hostname already exists.', 'broker_exists');
        for (const action of ['deactivate', 'deactivate', 'activate', 'activate']) {
          success(await client.admin(action, broker));
        }
        success(await client.admin('remove', broker));
        failure(await client.admin('remove', broker), 'Broker with hostname not present.');
        failure(await client.admin('activate', broker), 'Broker with hostname does not exist.');
      },
    },
    ...(brokers === undefined ? [] : [withoutBrokers(client, brokers)]),
  ];
}

function withoutBrokers(client: Client, brokers: readonly string[]): ContractCase {
  return {
    name: 'with all brokers off nothing is stored or created, and with one on again it is',
    run: async () => {
      const made = await client.topic(2);
      const switched = async (action: string): Promise<void> => {
        for (const broker of brokers) success(await client.admin(action, broker));
      };
      await switched('deactivate');
      try {
        for (const base of client.bases) {
          failure(
            await client.produce(made, 'x', {}, base),
            'No active brokers for partition.',
            'no_active_brokers',
          );
          failure(
            await client.produce(made, 'x', { partition_index: 1 }, base),
            'No active brokers for partition.',
          );
          failure(await client.produce(made, 'x', { partition_index: 2 }, base), 'Invalid Partition Number.');
          const answer = await client.at(base, 'POST', '/topics', { name: freshName() });
          failure(answer, 'Not enough active brokers.', 'not_enough_brokers');
        }
      } finally {
        await switched('activate');
      }
      for (const base of client.bases) success(await client.produce(made, 'x', {}, base));
    },
  };
}
