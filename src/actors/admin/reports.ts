/** What the kernel and the actors say of themselves, in the form that travels. */
import type { ActorReport, Limits, TracedMessage } from '@callboard/client/protocol';
import type { ActorInfo, TapSight } from '../../kernel/index.ts';

export function actorReport(info: ActorInfo): ActorReport {
  const { id, state, incarnation, restarts, control, data, dataCapacity, refused, handled, ageMs } = info;
  const counts = { incarnation, restarts, control, data, dataCapacity, refused, handled };
  return { id, state, ...counts, ageMs: Math.max(0, Math.round(ageMs)) };
}

/** JSON of what an actor tells of itself; what is too long for a frame is left out and said to be. */
export function detailText(info: ActorInfo, limits: Limits): string {
  const text = JSON.stringify(info.details);
  const most = Math.floor(limits.adminDetailBytes / 3);
  return text.length <= most
    ? text
    : JSON.stringify({ omitted: `${text.length} characters, at most ${most} fit` });
}

function micros(ms: number): number {
  return Math.max(0, Math.round(ms * 1_000));
}

export function tracedMessage({ at, kind, from, lane, waitedMs, tookMs }: TapSight): TracedMessage {
  const message = { at: Math.max(0, Math.floor(at)), message: kind.slice(0, 64), lane };
  const times = { waitedMicros: micros(waitedMs), tookMicros: micros(tookMs) };
  return from === undefined ? { ...message, ...times } : { ...message, from, ...times };
}
