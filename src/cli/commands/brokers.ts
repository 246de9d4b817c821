/** `callboard admin broker add|remove|activate|deactivate NAME`. */
import type { ChangeBroker } from '@callboard/client/protocol';
import { withOperator, type CommandContext } from './context.ts';

const DONE: Readonly<Record<ChangeBroker['action'], string>> = {
  add: 'is added',
  remove: 'is removed: it gets no new partitions, and serves those that it has until they have been moved',
  activate: 'is activated',
  deactivate: 'is deactivated: it gets no new partitions and hands over its leaderships',
};

export async function changeBroker(
  context: CommandContext,
  action: ChangeBroker['action'],
  broker: string,
): Promise<void> {
  const { out } = context;
  await withOperator(context, (link) => link.call({ kind: 'change-broker', action, broker }, 'done'));
  if (out.json) await out.document({ broker, action, done: true });
  else await out.line(`Broker '${broker}' ${DONE[action]}.`);
}
