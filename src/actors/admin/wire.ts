/** The admin's messages between nodes. Numbers are never reused. */
import {
  actorReport,
  list,
  message,
  nodeFacts,
  nullable,
  str,
  traceEnd,
  tracedMessage,
  uint,
  union,
  type CallError,
  type Codec,
  type Limits,
  type UnionCodec,
} from '@callboard/client/protocol';
import type {
  AdminAsk,
  AdminStopTrace,
  AdminTold,
  AdminToldTrace,
  NodeAnswer,
  NodeQuestion,
} from './messages.ts';

type AdminTravels = AdminAsk | AdminTold | AdminToldTrace | AdminStopTrace;

const name: Codec<string> = str(256);

const question: UnionCodec<NodeQuestion> = union<NodeQuestion>({
  facts: message<Extract<NodeQuestion, { kind: 'facts' }>>('facts', 1, {}),
  actors: message<Extract<NodeQuestion, { kind: 'actors' }>>('actors', 2, {}),
  actor: message<Extract<NodeQuestion, { kind: 'actor' }>>('actor', 3, { actor: name }),
  trace: message<Extract<NodeQuestion, { kind: 'trace' }>>('trace', 4, { actor: name, messages: uint }),
});

function answerCodec(limits: Limits, callError: Codec<CallError>): UnionCodec<NodeAnswer> {
  return union<NodeAnswer>({
    facts: message<Extract<NodeAnswer, { kind: 'facts' }>>('facts', 1, { facts: nodeFacts }),
    actors: message<Extract<NodeAnswer, { kind: 'actors' }>>('actors', 2, {
      actors: list(actorReport, limits.adminActors),
      omitted: uint,
    }),
    actor: message<Extract<NodeAnswer, { kind: 'actor' }>>('actor', 3, {
      actor: actorReport,
      details: str(limits.adminDetailBytes),
    }),
    tracing: message<Extract<NodeAnswer, { kind: 'tracing' }>>('tracing', 4, {}),
    refused: message<Extract<NodeAnswer, { kind: 'refused' }>>('refused', 5, { error: callError }),
  });
}

export function adminCodec(limits: Limits, callError: Codec<CallError>): UnionCodec<AdminTravels> {
  return union<AdminTravels>({
    'admin-ask': message<AdminAsk>('admin-ask', 1, { id: uint, fromNode: name, question }),
    'admin-told': message<AdminTold>('admin-told', 2, { id: uint, answer: answerCodec(limits, callError) }),
    'admin-told-trace': message<AdminToldTrace>('admin-told-trace', 3, {
      id: uint,
      messages: list(tracedMessage, limits.adminTraceMessages),
      ended: nullable(traceEnd),
    }),
    'admin-stop-trace': message<AdminStopTrace>('admin-stop-trace', 4, { id: uint, fromNode: name }),
  });
}
