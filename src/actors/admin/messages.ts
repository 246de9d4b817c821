/**
 * Admin: one per node, actor id `admin`. Answers operators' questions about this node and, by asking its like over the peer links, about
 * every other. It reads counters and reports that exist anyway, and changes nothing.
 *
 * `admin-call` comes from client sessions of this node, which have checked the admin token; `admin-ask`, `admin-told`,
 * `admin-told-trace` and `admin-stop-trace` travel between nodes, which have proved the cluster secret. A question that another node does not
 * answer within `adminAskMs` is answered without it; a trace ends with its asker, with the link, or after `adminTraceMs`.
 */
import type {
  ActorReport,
  CallError,
  ClusterReport,
  NodeFacts,
  TraceEnd,
  TracedMessage,
} from '@callboard/client/protocol';
import type { Ref, TapSight } from '../../kernel/index.ts';
import type { GroupLink } from '../group/messages.ts';

export type AdminQuestion =
  | { readonly op: 'cluster' }
  | { readonly op: 'actors'; readonly node: string }
  | { readonly op: 'actor'; readonly node: string; readonly actor: string }
  | { readonly op: 'trace'; readonly node: string; readonly actor: string; readonly messages: number };

export type AdminValue =
  | ({ readonly op: 'cluster' } & Omit<ClusterReport, 'kind' | 'correlation'>)
  | {
      readonly op: 'actors';
      readonly node: string;
      readonly actors: readonly ActorReport[];
      readonly omitted: number;
    }
  | { readonly op: 'actor'; readonly node: string; readonly actor: ActorReport; readonly details: string };

/** Data lane. `id`: unique for the asker. Answer: `admin-answer`, and for a trace `admin-traced` until one has ended it. */
export interface AdminCall {
  readonly kind: 'admin-call';
  readonly id: number;
  readonly replyTo: Ref<AdminAnswer | AdminTraced>;
  readonly question: AdminQuestion;
}

export interface AdminAnswer {
  readonly kind: 'admin-answer';
  readonly id: number;
  readonly value: AdminValue | undefined;
  readonly error: CallError | undefined;
}

export interface AdminTraced {
  readonly kind: 'admin-traced';
  readonly id: number;
  readonly messages: readonly TracedMessage[];
  readonly ended: TraceEnd | undefined;
}

/** What one node asks another about itself. */
export type NodeQuestion =
  | { readonly kind: 'facts' }
  | { readonly kind: 'actors' }
  | { readonly kind: 'actor'; readonly actor: string }
  | { readonly kind: 'trace'; readonly actor: string; readonly messages: number };

export type NodeAnswer =
  | { readonly kind: 'facts'; readonly facts: NodeFacts }
  | { readonly kind: 'actors'; readonly actors: readonly ActorReport[]; readonly omitted: number }
  | { readonly kind: 'actor'; readonly actor: ActorReport; readonly details: string }
  | { readonly kind: 'tracing' }
  | { readonly kind: 'refused'; readonly error: CallError };

export interface AdminAsk {
  readonly kind: 'admin-ask';
  readonly id: number;
  readonly fromNode: string;
  readonly question: NodeQuestion;
}

export interface AdminTold {
  readonly kind: 'admin-told';
  readonly id: number;
  readonly answer: NodeAnswer;
}

/** `id`: of the `admin-ask` that began it. */
export interface AdminToldTrace {
  readonly kind: 'admin-told-trace';
  readonly id: number;
  readonly messages: readonly TracedMessage[];
  readonly ended: TraceEnd | undefined;
}

export interface AdminStopTrace {
  readonly kind: 'admin-stop-trace';
  readonly id: number;
  readonly fromNode: string;
}

/** The session that asked for this trace has ended. */
export interface AdminAskerGone {
  readonly kind: 'admin-asker-gone';
  readonly id: number;
}

/** From this actor's own taps. */
export interface AdminSaw {
  readonly kind: 'admin-saw';
  readonly trace: number;
  readonly sight: TapSight;
}

export interface AdminTapEnded {
  readonly kind: 'admin-tap-ended';
  readonly trace: number;
  readonly complete: boolean;
}

/** The admin's own timer: deadlines, and what was traced since the last time. */
export interface AdminTick {
  readonly kind: 'admin-tick';
}

export type AdminMessage =
  | AdminCall
  | AdminAsk
  | AdminTold
  | AdminToldTrace
  | AdminStopTrace
  | AdminAskerGone
  | AdminSaw
  | AdminTapEnded
  | AdminTick
  | GroupLink;

export const adminActorId = 'admin';
