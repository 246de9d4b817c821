/**
 * Which socket of a peer link a message takes. Appends keep one order, so all of them go on the bulk socket, the small ones
 * too: one that overtook another would look like a gap and stop the stream. Beats, votes and acks go on the control
 * socket and never wait behind data. Users' requests and answers are data.
 */
import type { Envelope } from '../kernel/index.ts';
import type { LinkLane } from '@callboard/client/protocol';

const bulkKinds: ReadonlySet<string> = new Set(['append', 'fetched']);
const consensusKinds: ReadonlySet<string> = new Set([
  'group-raft',
  'group-incarnation',
  'beat',
  'beat-ack',
  'probe',
  'probe-answer',
]);

export function routeEnvelope(envelope: Envelope): LinkLane {
  const message = envelope.message as { readonly kind: string; readonly message?: { readonly kind: string } };
  if (!consensusKinds.has(message.kind)) return 'bulk';
  return bulkKinds.has(message.message?.kind ?? '') ? 'bulk' : 'control';
}
