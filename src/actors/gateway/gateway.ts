/**
 * The gateway actor: takes whole calls from its node's doors and sees each through to exactly one answer.
 *
 * What each kind of call does stands in a file of its own; here is what they share: the copy of the directory, the engine that
 * asks partitions, the bounds on waiting calls, and the one timer that runs while anything waits.
 */
import type { Crc32, Limits, TopicStorage } from '@callboard/client/protocol';
import { RateBudget, refTo, type Actor, type Context, type SpawnOptions } from '../../kernel/index.ts';
import { peerLinkActorId } from '../peer-link/messages.ts';
import { Asks } from './asks.ts';
import type { Topic } from '../../directory/index.ts';
import { Calls, type PendingCall } from './calls.ts';
import { ConsumeCalls } from './consume-calls.ts';
import { DirectoryCalls } from './directory-calls.ts';
import { DirectoryCopy } from './directory-copy.ts';
import { topicNotFound, topicReplaced } from './failures.ts';
import { LeaderQuestions } from './leader-questions.ts';
import { Leaders } from './leaders.ts';
import type { GatewayMessage } from './messages.ts';
import { defaultPace, type GatewayPace } from './pace.ts';
import { listConsumers } from './consumer-lists.ts';
import { locate } from './locate-calls.ts';
import type { GatewayParts } from './parts.ts';
import { ProduceCalls } from './produce-calls.ts';
import { describeConsumer, measure } from './size-calls.ts';
import { findRoute } from './route-calls.ts';
import { UsedIds } from './used-ids.ts';
import { TakeBook } from './takes.ts';
import {
  administer,
  createTopic,
  listTopics,
  openConsumer,
  registerConsumer,
  registerProducer,
  removeId,
  removeTopic,
} from './topic-calls.ts';

export interface GatewayOptions {
  readonly limits: Limits;
  readonly crc32: Crc32;
  /** Partitions of a topic that a producer's registration creates. Default: 2. */
  readonly defaultPartitions?: number;
  /** Of a topic whose creator does not say; on disk unless given. */
  readonly defaultStorage?: TopicStorage;
  readonly pace?: Partial<GatewayPace>;
  /** Round-robin cursors kept for topics, and as many for consumers. Default: 100,000. */
  readonly cursors?: number;
}

/** A gateway takes as many messages as it has calls, or its own bounds would never be the ones that refuse. */
export function gatewaySpawnOptions(limits: Limits): SpawnOptions {
  return { dataCapacity: 2 * limits.gatewayPendingCalls };
}

/** Everything that begins anew with each start of the actor. */
interface Run {
  readonly parts: GatewayParts;
  readonly pace: GatewayPace;
  readonly produces: ProduceCalls;
  readonly consumes: ConsumeCalls;
  readonly takes: TakeBook;
}

export class Gateway implements Actor<GatewayMessage> {
  readonly #options: GatewayOptions;
  #run: Run | undefined;
  #ticking = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  start(context: Context<GatewayMessage>): void {
    const { limits, crc32, cursors = 100_000 } = this.#options;
    const pace = { ...defaultPace, ...this.#options.pace };
    const calls = new Calls(limits, pace.tickMs, (message, answer) => {
      // On the control lane: an answer is never refused, and the askers bound how many there can be.
      context.send(message.replyTo, answer, 'control');
    });
    const leaders = new Leaders();
    const copy = new DirectoryCopy();
    const asks = new Asks(context, leaders, pace);
    const parts: GatewayParts = {
      context,
      limits,
      crc32,
      copy,
      calls,
      asks,
      leaders,
      questions: new LeaderQuestions({
        asks,
        now: () => context.now(),
        replicas: (group) => copy.placement(group)?.replicas.map(({ node }) => node) ?? [],
      }),
      directory: new DirectoryCalls(context, calls),
      used: new UsedIds(context, limits),
      creations: new RateBudget({
        atOnce: limits.creationsAtOnce,
        perSecond: limits.creationsPerSecond,
      }),
      registrations: new RateBudget({
        atOnce: limits.registrationsAtOnce,
        perSecond: limits.registrationsPerSecond,
      }),
      defaultPartitions: this.#options.defaultPartitions ?? 2,
      defaultStorage: this.#options.defaultStorage ?? 'disk',
    };
    const takes = new TakeBook(parts);
    this.#run = {
      parts,
      pace,
      produces: new ProduceCalls(parts, cursors),
      consumes: new ConsumeCalls(parts, takes, cursors),
      takes,
    };
    parts.directory.subscribe({ kind: 'gateway-manager-ended' });
    context.send(
      refTo(context.self.node, peerLinkActorId),
      { kind: 'watch-links', watcher: context.self },
      'control',
    );
  }

  receive(message: GatewayMessage, context: Context<GatewayMessage>): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#handle(run, message, context);
    if (!this.#ticking && (run.parts.calls.size > 0 || run.parts.asks.size > 0)) {
      this.#ticking = true;
      context.after(run.pace.tickMs, { kind: 'gateway-tick' });
    }
  }

  turnEnded(): void {
    this.#run?.produces.turnEnded();
  }

  inspect(): Record<string, unknown> {
    const run = this.#run;
    if (run === undefined) return {};
    const { calls, asks, copy } = run.parts;
    const { start, size: openTakes } = run.takes;
    return {
      run: start,
      ...calls.inspect(),
      asks: asks.size,
      openTakes,
      ...copy.inspect(),
      ...run.produces.inspect(),
    };
  }

  #handle(run: Run, message: GatewayMessage, context: Context<GatewayMessage>): void {
    const { parts } = run;
    switch (message.kind) {
      case 'call': {
        const call = parts.calls.open(message, context.now());
        if (call !== undefined) this.#begin(run, call);
        return;
      }
      case 'produced':
      case 'consumed':
      case 'nothing':
      case 'takes-settled':
      case 'sized':
      case 'fetched':
      case 'located':
      case 'leads':
      case 'partition-failed':
        parts.asks.answered(message);
        return;
      case 'call-heard':
        run.takes.heard(message, message.id, message.handed);
        return;
      case 'door-restarted':
        run.takes.doorRestarted(message, message.open);
        return;
      case 'check-takes': {
        const { id, replyTo } = message;
        context.send(replyTo, { kind: 'takes-checked', id, ...run.takes.check(message) }, 'control');
        return;
      }
      case 'note-takes':
        run.takes.flush();
        return;
      case 'gateway-note':
        run.takes.due();
        return;
      case 'gateway-used':
        parts.used.tell();
        return;
      case 'directory-events':
        for (const topic of parts.copy.apply(message)) this.#removed(run, topic);
        return;
      case 'directory-answer':
        parts.directory.answered(message);
        return;
      case 'group-link':
        if (!message.up) parts.asks.nodeLost(message.node);
        return;
      case 'leader-news':
        parts.asks.leaderNews(message.group, message.leader);
        return;
      case 'gateway-tick':
        this.#tick(parts, context.now());
        return;
      case 'gateway-manager-ended':
        parts.directory.managerEnded();
        context.after(run.pace.resubscribeMs, { kind: 'gateway-subscribe' });
        return;
      case 'gateway-subscribe':
        parts.directory.subscribe({ kind: 'gateway-manager-ended' });
        return;
    }
  }

  /**
   * Whoever still works for it is told: nothing of it will answer, and a namesake is another topic. That there is no topic of this name is
   * said only when nobody can have been told of a namesake (S13).
   */
  #removed({ parts, produces, takes }: Run, topic: Topic): void {
    const groups = new Set(topic.partitions.map(({ group }) => group));
    for (const group of groups) {
      takes.forget(group);
      parts.leaders.forget(group);
    }
    const { name } = topic;
    parts.directory.catchUp(parts.limits.callDeadlineMs, (failed) => {
      const error =
        failed ?? (parts.copy.topic(name) === undefined ? topicNotFound(name) : topicReplaced(name));
      produces.removed(topic, error);
      parts.asks.groupsRemoved(groups, error);
    });
  }

  #begin(run: Run, call: PendingCall): void {
    const { parts } = run;
    const asked = call.message.call;
    switch (asked.op) {
      case 'topics':
        return listTopics(parts, call);
      case 'create-topic':
        return createTopic(parts, call, asked);
      case 'remove-topic':
        return removeTopic(parts, call, asked);
      case 'remove-producer':
      case 'remove-consumer':
        return removeId(parts, call, asked);
      case 'register-producer':
        return registerProducer(parts, call, asked);
      case 'register-consumer':
        return registerConsumer(parts, call, asked);
      case 'produce':
        return run.produces.run(call, asked);
      case 'consume':
        return run.consumes.run(call, asked);
      case 'size':
        return measure(parts, call, asked);
      case 'locate':
        return locate(parts, call, asked);
      case 'describe-consumer':
        return describeConsumer(parts, call, asked);
      case 'list-consumers':
        return listConsumers(parts, call, asked);
      case 'open-consumer':
        return openConsumer(parts, call, asked);
      case 'route':
        return findRoute(parts, call, asked);
      case 'admin':
        return administer(parts, call, asked);
    }
  }

  #tick(parts: GatewayParts, nowMs: number): void {
    this.#ticking = false;
    // Asks first: they know more about what a call that has run out of time came to.
    parts.asks.sweep(nowMs);
    parts.calls.expire(nowMs);
    parts.directory.sweep(nowMs);
  }
}
