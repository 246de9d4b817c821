/**
 * HealthChecker: probes the other brokers' nodes and tells its own node's manager what it found, for as long as the directory
 * says otherwise: only the primary's manager acts, and who is primary may change at any time.
 *
 * A node that answers from another journal than the directory knows has lost its disk: nothing that was placed on it is there any more, so
 * as a broker it is dead.
 */
import type { Actor, Context } from '../../kernel/index.ts';
import { refTo } from '../../kernel/index.ts';
import type { Broker } from '../../directory/index.ts';
import type { Limits } from '@callboard/client/protocol';
import { managerActorId, type ManagerMessage } from '../manager/messages.ts';
import { ClockSkew } from './clock-skew.ts';
import { healthCheckerActorId, type HealthCheckerMessage, type Probe, type ProbeAnswer } from './messages.ts';
import { Pulse } from './pulse.ts';

export interface HealthCheckerOptions {
  /** This node's name. */
  readonly node: string;
  /** This node's journal id. */
  readonly replica: string;
  readonly limits: Pick<Limits, 'healthProbeMs' | 'healthMissedProbes'>;
}

export class HealthChecker implements Actor<HealthCheckerMessage> {
  readonly #options: HealthCheckerOptions;
  readonly #brokers = new Map<string, Broker>();
  readonly #pulses = new Map<string, Pulse>();
  readonly #skews = new Map<string, ClockSkew>();
  #subscribed = false;
  #round = 0;
  #askedMs = 0;

  constructor(options: HealthCheckerOptions) {
    this.#options = options;
  }

  start(context: Context<HealthCheckerMessage>): void {
    // An answer to a probe of an earlier incarnation must fit no round of this one.
    this.#round = Math.floor(context.random() * 2 ** 48);
    this.#subscribe(context);
    context.after(this.#options.limits.healthProbeMs, { kind: 'health-tick' });
  }

  receive(message: HealthCheckerMessage, context: Context<HealthCheckerMessage>): void {
    switch (message.kind) {
      case 'probe':
        return this.#answer(message, context);
      case 'probe-answer':
        return this.#answered(message, context);
      case 'health-tick':
        return this.#tick(context);
      case 'directory-events':
        for (const event of message.events) {
          if (event.kind === 'broker') this.#brokers.set(event.broker.name, event.broker);
          else if (event.kind === 'broker-gone') {
            this.#brokers.delete(event.broker);
            this.#skews.delete(event.broker);
          }
        }
        return;
      case 'manager-gone':
        this.#subscribed = false;
        return;
    }
  }

  inspect(): Record<string, unknown> {
    const nodes = [...this.#pulses].map(([node, { alive, missed }]) => {
      return { node, alive, missed, clockSkewMs: this.#skews.get(node)?.findingMs };
    });
    return { round: this.#round, nodes };
  }

  #tick(context: Context<HealthCheckerMessage>): void {
    const { healthProbeMs, healthMissedProbes } = this.#options.limits;
    context.after(healthProbeMs, { kind: 'health-tick' });
    if (!this.#subscribed) this.#subscribe(context);
    this.#round += 1;
    this.#askedMs = context.now();
    for (const { name, replica, alive } of this.#brokers.values()) {
      // A broker that no node has ever answered for is not alive, and nobody is there to ask.
      if (name === this.#options.node || replica === undefined) continue;
      const pulse = this.#pulses.get(name) ?? new Pulse(healthMissedProbes);
      this.#pulses.set(name, pulse);
      pulse.ask(this.#round);
      if (pulse.alive !== undefined && pulse.alive !== alive) this.#report(name, pulse.alive, context);
      const to = refTo<HealthCheckerMessage>(name, healthCheckerActorId);
      context.send(to, { kind: 'probe', fromNode: this.#options.node, round: this.#round }, 'control');
    }
  }

  #report(broker: string, alive: boolean, context: Context<HealthCheckerMessage>): void {
    context.trace.note('info', 'health.finding', { broker, alive });
    const manager = refTo<ManagerMessage>(context.self.node, managerActorId);
    context.send(manager, { kind: 'broker-health', broker, alive }, 'control');
  }

  #answered(answer: ProbeAnswer, context: Context<HealthCheckerMessage>): void {
    const { fromNode, replica, round } = answer;
    if (round === this.#round) this.#compareClocks(answer, context);
    const broker = this.#brokers.get(fromNode);
    const pulse = this.#pulses.get(fromNode);
    if (broker?.replica === replica) pulse?.answer(round, this.#round);
    else if (broker?.replica !== undefined && pulse?.takes(round, this.#round) === true) {
      const manager = refTo<ManagerMessage>(context.self.node, managerActorId);
      context.send(
        manager,
        { kind: 'broker-health', broker: fromNode, alive: false, lost: broker.replica },
        'control',
      );
    }
  }

  /** Dates of records, and searches by them, are as right as the clock of whoever leads: a wrong one is told, and nothing rests on it. */
  #compareClocks({ fromNode, wallTimeMs }: ProbeAnswer, context: Context<HealthCheckerMessage>): void {
    const skew = this.#skews.get(fromNode) ?? new ClockSkew();
    this.#skews.set(fromNode, skew);
    if (!skew.heard(wallTimeMs, context.wallTime(), context.now() - this.#askedMs)) return;
    const clockSkewMs = skew.findingMs;
    if (clockSkewMs === undefined) context.trace.note('info', 'health.clock_right', { node: fromNode });
    else context.trace.note('warn', 'health.clock_skew', { node: fromNode, clockSkewMs });
  }

  #answer({ fromNode, round }: Probe, context: Context<HealthCheckerMessage>): void {
    const to = refTo<HealthCheckerMessage>(fromNode, healthCheckerActorId);
    const { node, replica } = this.#options;
    const wallTimeMs = Math.max(0, Math.floor(context.wallTime()));
    context.send(to, { kind: 'probe-answer', fromNode: node, replica, round, wallTimeMs }, 'control');
  }

  #subscribe(context: Context<HealthCheckerMessage>): void {
    const manager = refTo<ManagerMessage>(context.self.node, managerActorId);
    const sent = context.send(manager, { kind: 'directory-subscribe', replyTo: context.self }, 'control');
    this.#subscribed = sent === 'accepted';
    if (this.#subscribed) context.monitor(manager, { kind: 'manager-gone' });
  }
}
