/** Who consumes a topic, as the directory has it. */
import { consumersPerFrame, type ConsumerEntry } from '@callboard/client/protocol';
import type { PendingCall } from './calls.ts';
import { topicNotFound } from './failures.ts';
import type { Call } from './messages.ts';
import type { GatewayParts } from './parts.ts';

type ListCall = Extract<Call, { readonly op: 'list-consumers' }>;

/** After a barrier: whoever has opened a consumer anywhere, and then asks here, finds it (S13). */
export function listConsumers(parts: GatewayParts, call: PendingCall, { topic, after }: ListCall): void {
  parts.directory.barrier(call, (failed) => {
    if (failed !== undefined) parts.calls.fail(call, failed);
    else if (parts.copy.topic(topic) === undefined) parts.calls.fail(call, topicNotFound(topic));
    else {
      const ids = parts.copy.consumersOf(topic, after);
      const consumers = ids.slice(0, consumersPerFrame).map((id): ConsumerEntry => {
        return { id, over: parts.copy.isRegistered(id, topic) ? 'http' : 'push' };
      });
      parts.calls.succeed(call, { op: 'list-consumers', consumers, more: ids.length > consumersPerFrame });
    }
  });
}
