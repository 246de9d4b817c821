/** `callboard consumer rm` and `callboard producer rm`. */
import { CliError } from '../errors.ts';
import { withOperator, type CommandContext } from './context.ts';

export async function removeId(
  context: CommandContext,
  who: 'consumer' | 'producer',
  id: string,
): Promise<void> {
  const { flags, out } = context;
  const { topic } = flags;
  if (typeof topic !== 'string' || topic === '') {
    throw new CliError('usage', `--topic is missing: name the topic that ${who} '${id}' belongs to.`);
  }
  await withOperator(context, (link) => link.call({ kind: `remove-${who}`, topic, id }, 'done'));
  if (out.json) {
    await out.document({ [who]: id, topic, removed: true });
    return;
  }
  const subject = who === 'consumer' ? 'Consumer' : 'Producer';
  await out.line(`${subject} '${id}' of topic '${topic}' is removed.`);
}
