/** `callboard topic create|ls|info|rm`. */
import { CallFailure } from '../errors.ts';
import { CliError } from '../errors.ts';
import { withClient, withOperator, type CommandContext } from './context.ts';
import { wholeNumber } from './values.ts';

export async function createTopic(context: CommandContext, name: string): Promise<void> {
  const { flags, out } = context;
  const partitions = wholeNumber('--partitions', flags['partitions'], 1) ?? 2;
  const { storage } = flags;
  if (storage !== undefined && storage !== 'disk' && storage !== 'memory') {
    throw new CliError(
      'usage',
      `--storage is '${String(storage)}' (came from the command line): write disk or memory.`,
    );
  }
  await withClient(context, (client) =>
    client.createTopic(name, {
      partitions,
      ifNotExists: flags['ifNotExists'] === true,
      ...(storage === undefined ? {} : { storage }),
    }),
  );
  if (out.json) await out.document({ topic: name, partitions });
  else await out.line(`Topic '${name}' is ready.`);
}

export async function listTopics(context: CommandContext): Promise<void> {
  const names = await withClient(context, (client) => client.topics());
  if (context.out.json) await context.out.document(names);
  else if (names.length > 0) await context.out.line(names.join('\n'));
}

export async function describeTopic(context: CommandContext, name: string): Promise<void> {
  const { out } = context;
  const topic = await withClient(context, (client) => client.topic(name));
  if (topic === undefined) {
    const message = `There is no topic '${name}' that can be used: \`callboard topic ls\` lists them, \`callboard cluster status\` those that are being deleted.`;
    throw new CallFailure({ code: 'topic_not_found', message, outcome: 'not_applied', retriable: false });
  }
  const partitions = topic.partitions.map(({ partition, leader, end }) => ({
    partition,
    leader: leader ?? null,
    end,
  }));
  if (out.json) {
    await out.document({ topic: topic.name, partitions });
    return;
  }
  const rows = partitions.map(({ partition, leader, end }) => [
    partition,
    leader ?? out.tone('none', 'bad'),
    end,
  ]);
  await out.table(['PARTITION', 'LEADER', 'END'], rows);
}

export async function removeTopic(context: CommandContext, name: string): Promise<void> {
  const { flags, out } = context;
  const forced = await withOperator(context, async (link) => {
    try {
      await link.call({ kind: 'remove-topic', topic: name }, 'done');
      return false;
    } catch (error) {
      // What can be confirmed is waited for in any case; only what is missing then is a matter of force.
      const isLate = error instanceof CallFailure && error.failure.code === 'timeout';
      if (flags['force'] !== true || !isLate) throw error;
    }
    await link.call({ kind: 'remove-topic', topic: name, force: true }, 'done');
    return true;
  });
  if (out.json) {
    await out.document({ topic: name, removed: true, ...(forced && { forced }) });
    return;
  }
  await out.line(`Topic '${name}' is removed; its data are being deleted.`);
  if (!forced) return;
  await out.line(
    'It was forced: brokers that were removed have not confirmed. If one of them still runs somewhere, stop it: what it acknowledges is lost.',
  );
}
