/** Admin: the shell. See messages.ts. */
import {
  failure,
  type CallError,
  type ClusterReport,
  type Limits,
  type NodeFacts,
  type NodeRow,
} from '@callboard/client/protocol';
import { refTo, type Actor, type Context, type Ref } from '../../kernel/index.ts';
import { peerLinkActorId, type PeerLinkMessage } from '../peer-link/messages.ts';
import {
  adminActorId,
  type AdminAnswer,
  type AdminAsk,
  type AdminCall,
  type AdminMessage,
  type AdminQuestion,
  type AdminTold,
  type AdminTraced,
  type NodeAnswer,
  type NodeQuestion,
} from './messages.ts';
import type { AdminPort } from './port.ts';
import { actorReport, detailText } from './reports.ts';
import { noActor, Traces, type TellTrace } from './traces.ts';

export interface AdminOptions {
  readonly node: string;
  readonly limits: Limits;
  readonly port: AdminPort;
}

/** A question to another node: exactly one answer, at the latest by the deadline. */
interface Asked {
  readonly node: string;
  readonly dueMs: number;
  /** Undefined: it did not answer. */
  readonly then: (answer: NodeAnswer | undefined) => void;
}

/** A trace that a session of this node has asked for, here or elsewhere. */
interface Watched {
  readonly replyTo: Ref<AdminTraced>;
  readonly id: number;
  readonly node: string;
  /** By when its node must have ended it: an admin there that fails forgets it without a word. */
  readonly dueMs: number;
  readonly tell: TellTrace;
}

export class Admin implements Actor<AdminMessage> {
  readonly #options: AdminOptions;
  readonly #asked = new Map<number, Asked>();
  /** By a number of this actor's own, which is also the number of the question that began a trace elsewhere. */
  readonly #watched = new Map<number, Watched>();
  /** Traces here that other nodes have asked for, by node and their number. */
  readonly #served = new Map<string, { readonly node: string; readonly tell: TellTrace }>();
  #context!: Context<AdminMessage>;
  #traces!: Traces;
  #lastId = 0;
  #ticking = false;

  constructor(options: AdminOptions) {
    this.#options = options;
  }

  start(context: Context<AdminMessage>): void {
    const { port, limits } = this.#options;
    this.#context = context;
    // An answer to a question of an earlier incarnation must fit none of this one.
    this.#lastId = Math.floor(context.random() * 2 ** 48);
    this.#traces = new Traces(port, limits, {
      saw: (trace, sight) => void context.send(context.self, { kind: 'admin-saw', trace, sight }, 'control'),
      ended: (trace, complete) =>
        void context.send(context.self, { kind: 'admin-tap-ended', trace, complete }, 'control'),
    });
    const links = refTo<PeerLinkMessage>(context.self.node, peerLinkActorId);
    context.send(links, { kind: 'watch-links', watcher: context.self }, 'control');
  }

  receive(message: AdminMessage): void {
    switch (message.kind) {
      case 'admin-call':
        this.#call(message);
        break;
      case 'admin-ask':
        this.#answer(message);
        break;
      case 'admin-told':
        this.#settle(message.id, message.answer);
        break;
      case 'admin-told-trace':
        this.#watched.get(message.id)?.tell(message.messages, message.ended);
        break;
      case 'admin-stop-trace':
        this.#stopServing(`${message.fromNode} ${message.id}`);
        break;
      case 'admin-asker-gone':
        this.#stopWatching(message.id);
        break;
      case 'admin-saw':
        this.#traces.saw(message.trace, message.sight);
        break;
      case 'admin-tap-ended':
        this.#traces.tapEnded(message.trace, message.complete);
        break;
      case 'group-link':
        if (!message.up) this.#nodeLost(message.node);
        break;
      case 'admin-tick':
        this.#tick();
    }
    if (this.#ticking || this.#asked.size + this.#traces.size + this.#watched.size === 0) return;
    this.#ticking = true;
    this.#context.after(this.#options.limits.adminGatherMs, { kind: 'admin-tick' });
  }

  inspect(): Record<string, unknown> {
    return { asked: this.#asked.size, traces: this.#traces.size, watched: this.#watched.size };
  }

  #call(call: AdminCall): void {
    const { question } = call;
    const node = 'node' in question && question.node !== '' ? question.node : this.#options.node;
    if (question.op === 'cluster') this.#cluster(call);
    else if (!this.#nodeNames().includes(node)) this.#refuse(call, noNode(node, this.#nodeNames()));
    else if (question.op === 'trace') this.#trace(call, question, node);
    else {
      const asked: NodeQuestion =
        question.op === 'actors' ? { kind: 'actors' } : { kind: 'actor', actor: question.actor };
      this.#ask(node, asked, (answer) => this.#told(call, node, answer));
    }
  }

  #told(call: AdminCall, node: string, answer: NodeAnswer | undefined): void {
    if (answer === undefined) this.#refuse(call, silent(node));
    else if (answer.kind === 'refused') this.#refuse(call, answer.error);
    else if (answer.kind === 'actors') {
      const { actors, omitted } = answer;
      this.#reply(call, { value: { op: 'actors', node, actors, omitted }, error: undefined });
    } else if (answer.kind === 'actor') {
      const { actor, details } = answer;
      this.#reply(call, { value: { op: 'actor', node, actor, details }, error: undefined });
    }
  }

  #cluster(call: AdminCall): void {
    const rows = new Map<string, NodeFacts | undefined>();
    const names = this.#nodeNames();
    for (const name of names) {
      this.#ask(name, { kind: 'facts' }, (answer) => {
        rows.set(name, answer?.kind === 'facts' ? answer.facts : undefined);
        if (rows.size === names.length) this.#reply(call, this.#clusterReport(rows));
      });
    }
  }

  #clusterReport(rows: ReadonlyMap<string, NodeFacts | undefined>): Pick<AdminAnswer, 'value' | 'error'> {
    const { node, port, limits } = this.#options;
    const { brokers, ...directory } = port.directory();
    const removals = directory.removals.slice(0, limits.adminNames);
    const nodes = this.#nodeNames().map((name): NodeRow => {
      const broker = brokers.find((one) => one.name === name);
      return { name, url: broker?.url, broker: broker?.state ?? 'unknown', facts: rows.get(name) };
    });
    const report: Omit<ClusterReport, 'kind' | 'correlation'> = {
      node,
      ...directory,
      deleting: removals.map(({ topic }) => topic),
      removals,
      nodes,
    };
    return { value: { op: 'cluster', ...report }, error: undefined };
  }

  /** Here or elsewhere: what it sees goes to the session until one side ends. */
  #trace(call: AdminCall, question: Extract<AdminQuestion, { op: 'trace' }>, node: string): void {
    const id = this.#nextId();
    const { replyTo } = call;
    const tell: TellTrace = (messages, ended) => {
      if (ended !== undefined) this.#watched.delete(id);
      this.#context.send(replyTo, { kind: 'admin-traced', id: call.id, messages, ended }, 'control');
    };
    const { actor, messages } = question;
    const { adminTraceMs, adminAskMs } = this.#options.limits;
    const dueMs = this.#context.now() + adminTraceMs + adminAskMs;
    this.#watched.set(id, { replyTo, id: call.id, node, dueMs, tell });
    this.#context.monitor(replyTo, { kind: 'admin-asker-gone', id });
    if (node === this.#options.node) {
      const refusal = this.#traces.begin(actor, messages, this.#context.now(), tell);
      if (refusal !== undefined) this.#endWatch(id, call, refusal);
      return;
    }
    const asked: NodeQuestion = { kind: 'trace', actor, messages };
    this.#askWith(id, node, asked, (answer) => {
      if (answer === undefined) this.#endWatch(id, call, silent(node));
      else if (answer.kind === 'refused') this.#endWatch(id, call, answer.error);
    });
  }

  #endWatch(id: number, call: AdminCall, error: CallError): void {
    if (this.#watched.delete(id)) this.#refuse(call, error);
  }

  #stopWatching(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    this.#traces.stop(watched.tell);
    if (watched.node === this.#options.node) return;
    const other = refTo<AdminMessage>(watched.node, adminActorId);
    this.#context.send(other, { kind: 'admin-stop-trace', id, fromNode: this.#options.node }, 'control');
  }

  #stopServing(key: string): void {
    const served = this.#served.get(key);
    this.#served.delete(key);
    if (served !== undefined) this.#traces.stop(served.tell);
  }

  #nodeLost(node: string): void {
    for (const [key, served] of this.#served) if (served.node === node) this.#stopServing(key);
    for (const [id, asked] of this.#asked) if (asked.node === node) this.#settle(id, undefined);
    for (const watched of [...this.#watched.values()]) {
      if (watched.node === node) watched.tell([], 'node-lost');
    }
  }

  #tick(): void {
    this.#ticking = false;
    const nowMs = this.#context.now();
    for (const [id, { dueMs }] of this.#asked) if (nowMs >= dueMs) this.#settle(id, undefined);
    for (const { dueMs, tell } of [...this.#watched.values()]) if (nowMs >= dueMs) tell([], 'too-long');
    this.#traces.tick(nowMs);
  }

  #ask(node: string, question: NodeQuestion, then: Asked['then']): void {
    this.#askWith(this.#nextId(), node, question, then);
  }

  #askWith(id: number, node: string, question: NodeQuestion, then: Asked['then']): void {
    if (node === this.#options.node && question.kind !== 'trace') {
      then(this.#about(question));
      return;
    }
    const { adminAskMs, adminPendingAsks } = this.#options.limits;
    const fromNode = this.#options.node;
    const sent =
      this.#asked.size < adminPendingAsks &&
      this.#context.send(
        refTo<AdminMessage>(node, adminActorId),
        { kind: 'admin-ask', id, fromNode, question },
        'control',
      ) === 'accepted';
    if (sent) this.#asked.set(id, { node, dueMs: this.#context.now() + adminAskMs, then });
    else then(undefined);
  }

  #settle(id: number, answer: NodeAnswer | undefined): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    asked?.then(answer);
  }

  /** A question of another node. */
  #answer({ id, fromNode, question }: AdminAsk): void {
    const from = refTo<AdminMessage>(fromNode, adminActorId);
    const answer = question.kind === 'trace' ? this.#serve(id, fromNode, question) : this.#about(question);
    const told: AdminTold = { kind: 'admin-told', id, answer };
    this.#context.send(from, told, 'control');
  }

  #serve(
    id: number,
    fromNode: string,
    { actor, messages }: Extract<NodeQuestion, { kind: 'trace' }>,
  ): NodeAnswer {
    const key = `${fromNode} ${id}`;
    const tell: TellTrace = (seen, ended) => {
      if (ended !== undefined) this.#served.delete(key);
      const from = refTo<AdminMessage>(fromNode, adminActorId);
      this.#context.send(from, { kind: 'admin-told-trace', id, messages: seen, ended }, 'control');
    };
    const error = this.#traces.begin(actor, messages, this.#context.now(), tell);
    if (error !== undefined) return { kind: 'refused', error };
    this.#served.set(key, { node: fromNode, tell });
    return { kind: 'tracing' };
  }

  #about(question: Exclude<NodeQuestion, { kind: 'trace' }>): NodeAnswer {
    const { port, limits } = this.#options;
    if (question.kind === 'facts') return { kind: 'facts', facts: port.facts() };
    if (question.kind === 'actors') {
      const all = port.actors();
      const actors = all.slice(0, limits.adminActors).map(actorReport);
      return { kind: 'actors', actors, omitted: all.length - actors.length };
    }
    const info = port.actor(question.actor);
    if (info === undefined) return { kind: 'refused', error: noActor(question.actor) };
    return { kind: 'actor', actor: actorReport(info), details: detailText(info, limits) };
  }

  #nodeNames(): readonly string[] {
    const { port } = this.#options;
    const names = new Set([...port.nodes, ...port.directory().brokers.map(({ name }) => name)]);
    return [...names].slice(0, this.#options.limits.directoryBrokers);
  }

  #refuse(call: AdminCall, error: CallError): void {
    this.#reply(call, { value: undefined, error });
  }

  #reply({ id, replyTo }: AdminCall, answer: Pick<AdminAnswer, 'value' | 'error'>): void {
    this.#context.send(replyTo, { kind: 'admin-answer', id, ...answer }, 'control');
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

function noNode(node: string, names: readonly string[]): CallError {
  return failure('node_not_found', { message: `There is no node '${node}': there are ${names.join(', ')}.` });
}

function silent(node: string): CallError {
  return failure('unavailable', {
    message: `Node '${node}' did not answer: it is down or cut off, try again later.`,
  });
}
