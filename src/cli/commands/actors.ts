/** `callboard actor ls|info|trace`: what runs on a node, and what it is doing. */
import type { ActorReport, TraceEnd, TracedMessage } from '@callboard/client/protocol';
import { durationText, type Console } from '../console.ts';
import { withOperator, type CommandContext } from './context.ts';
import { wholeNumber } from './values.ts';

function nodeFlag({ flags }: CommandContext): string {
  return typeof flags['node'] === 'string' ? flags['node'] : '';
}

function stateOf(out: Console, { state, restarts }: ActorReport): string {
  if (state !== 'running') return out.tone(state, 'bad');
  return out.tone(state, restarts === 0 ? 'good' : 'warn');
}

export async function listActors(context: CommandContext): Promise<void> {
  const { out } = context;
  const { node, actors, omitted } = await withOperator(context, (link) =>
    link.call({ kind: 'list-actors', node: nodeFlag(context) }, 'actor-list'),
  );
  if (out.json) {
    await out.document({ node, actors, omitted });
    return;
  }
  const rows = actors.map((actor) => {
    const { id, restarts, control, data, refused, handled, ageMs } = actor;
    return [id, stateOf(out, actor), restarts, control, data, refused, handled, durationText(ageMs / 1_000)];
  });
  await out.table(['ACTOR', 'STATE', 'RESTARTS', 'CONTROL', 'DATA', 'REFUSED', 'HANDLED', 'AGE'], rows);
  if (omitted > 0) await out.line(`and ${omitted} more`);
}

export async function describeActor(context: CommandContext, actor: string): Promise<void> {
  const { out } = context;
  const answer = await withOperator(context, (link) =>
    link.call({ kind: 'ask-actor', node: nodeFlag(context), actor }, 'actor-detail'),
  );
  const details = JSON.parse(answer.details) as Record<string, unknown>;
  if (out.json) {
    await out.document({ node: answer.node, actor: answer.actor, details });
    return;
  }
  const { id, ageMs, ...counts } = answer.actor;
  const lines = [
    `${id} on ${answer.node}, ${stateOf(out, answer.actor)} for ${durationText(ageMs / 1_000)}`,
    ...Object.entries(counts).map(([name, value]) => `  ${name.padEnd(14)}${value}`),
    '  says of itself:',
    ...Object.entries(details).map(([name, value]) => `    ${name.padEnd(14)}${shown(value)}`),
  ];
  await out.line(lines.join('\n'));
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}… (whole with -o json)` : text;
}

const ENDS: Readonly<Record<TraceEnd, string>> = {
  complete: 'all that were asked for',
  'actor-ended': 'the actor ended, or somebody else began to trace it',
  'too-long': 'the trace has lasted as long as one may',
  'node-lost': 'the connection to its node was lost',
};

export async function traceActor(context: CommandContext, actor: string): Promise<void> {
  const { flags, out } = context;
  const messages = wholeNumber('--count', flags['count'], 1) ?? 20;
  await withOperator(context, async (link) => {
    const stop = (): void => link.close();
    process.once('SIGINT', stop);
    const frame = { kind: 'trace-actor', node: nodeFlag(context), actor, messages } as const;
    let interrupted = false;
    process.once('SIGINT', () => {
      interrupted = true;
    });
    try {
      for await (const answer of link.stream(frame, 'traced')) {
        for (const one of answer.messages) await print(out, one);
        if (answer.ended === undefined) continue;
        if (!out.json) await out.line(out.tone(`-- ended: ${ENDS[answer.ended]}`, 'faint'));
        return;
      }
    } catch (error) {
      if (!interrupted) throw error;
    }
  });
}

function print(out: Console, seen: TracedMessage): Promise<void> {
  const { at, message, from, lane, waitedMicros, tookMicros } = seen;
  if (out.json) {
    return out.entry({
      at: new Date(at).toISOString(),
      message,
      from: from ?? null,
      lane,
      waitedMicros,
      tookMicros,
    });
  }
  const time = new Date(at).toISOString().slice(11, 23);
  const cost = `waited ${waitedMicros} µs, took ${tookMicros} µs`;
  return out.line(
    `${time}  ${lane.padEnd(7)}  ${message.padEnd(22)}  ${(from ?? 'timer').padEnd(34)}  ${cost}`,
  );
}
