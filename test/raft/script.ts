/**
 * Interaction scripts. A line `> command` makes one move; the lines below it, up to the next command or comment, are what
 * must come of it. The commands are the methods of `moves` below.
 */
import type { LogIndex } from '@callboard/client/protocol';
import { Cluster, idOf, type Flying } from './harness.ts';
import { statusLines, Trace } from './trace.ts';

interface Block {
  /** Comment and empty lines before the command. */
  readonly before: string[];
  readonly command: string;
  readonly expected: string[];
}

export function parseScript(text: string): Block[] {
  const blocks: Block[] = [];
  let before: string[] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('> ')) {
      blocks.push({ before, command: line.slice(2), expected: [] });
      before = [];
    } else if (line === '' || line.startsWith('#')) {
      before.push(line);
    } else {
      blocks.at(-1)?.expected.push(line);
    }
  }
  return blocks;
}

type Args = readonly string[];

export class ScriptRun {
  readonly #trace: Trace = new Trace();
  #cluster: Cluster | undefined;
  #past: Flying[] = [];

  run(command: string): string[] {
    const [name = '', ...args] = command.split(/\s+/);
    const move = this.#moves[name];
    if (move === undefined) throw new Error(`no such command: ${command}`);
    move(args);
    return this.#trace.take();
  }

  get #group(): Cluster {
    if (this.#cluster === undefined) throw new Error('a script begins with `group`');
    return this.#cluster;
  }

  readonly #moves: Record<string, ((args: Args) => void) | undefined> = {
    /** group voters=1,2,3 [outgoing=…] [learners=…] [limit=value …] */
    group: (args) => this.#found(args),
    tick: ([node, count]) => this.#times(count, () => this.#group.step(Number(node), { kind: 'tick' })),
    /** deliver [a>b] [kind] [count]: what flies now, not what that brings about. Without arguments: if anything. */
    deliver: (args) => this.#matching(args, (flight) => this.#deliver(flight)),
    drop: (args) => this.#matching(args, () => undefined),
    /** Sends a message once more that was delivered or dropped. */
    repeat: ([link, kind]) => {
      const again = this.#past.findLast((flight) => matches(flight, link, kind));
      if (again === undefined) throw new Error(`nothing like ${link} ${kind} has flown`);
      this.#group.flying.push(again);
    },
    write: ([node, count]) => this.#times(count, () => this.#must(this.#group.write(Number(node)), 'write')),
    load: ([node]) => this.#must(this.#group.load(Number(node)), 'load'),
    propose: ([node, ...texts]) => {
      for (const text of texts) this.#propose(Number(node), text);
    },
    read: ([node, id]) => this.#group.step(Number(node), { kind: 'read', id: Number(id) }),
    campaign: ([node]) => this.#group.step(Number(node), { kind: 'campaign' }),
    suspect: ([node, peer]) => this.#group.step(Number(node), { kind: 'suspect', peer: idOf(Number(peer)) }),
    restarted: ([node, peer]) =>
      this.#group.step(Number(node), { kind: 'restarted', peer: idOf(Number(peer)) }),
    transfer: ([node, to]) =>
      this.#group.step(Number(node), {
        kind: 'transfer',
        to: to === undefined ? undefined : idOf(Number(to)),
      }),
    found: ([node, index]) =>
      this.#group.step(Number(node), { kind: 'damage-found', index: Number(index) as LogIndex }),
    /** crash node [batches that are on disk all the same] */
    crash: ([node, kept]) => this.#group.crash(Number(node), Number(kept ?? 0)),
    restart: ([node]) => {
      this.#group.restart(Number(node));
      this.#trace.note(`${node} opens: ${verdictText(this.#group, Number(node))}`);
    },
    /** cut a>b …: these links lose everything. isolate n: all of its links. mend: none. */
    cut: (links) => {
      for (const link of links) this.#group.cuts.add(link);
    },
    isolate: ([node]) => {
      for (const { node: other } of this.#group.members) {
        this.#group.cuts.add(`${node}>${other}`).add(`${other}>${node}`);
      }
    },
    mend: () => this.#group.cuts.clear(),
    /** hole node index …: these entries are gone from a disk. */
    hole: ([node, ...indexes]) =>
      this.#group
        .member(Number(node))
        .disk.damage(new Map(indexes.map((index) => [Number(index), undefined]))),
    /** rollback node batches: the disk shows an older state. */
    rollback: ([node, batches]) => {
      const { disk } = this.#group.member(Number(node));
      disk.damage(disk.rollback(Number(batches)));
    },
    /** The journal lost its tail records too. */
    forget: ([node]) => {
      this.#group.member(Number(node)).disk.owed = { kind: 'unknown' };
    },
    /** Everything that needs no time, unseen. */
    settle: () => this.#unseen(() => this.#group.settle()),
    /** pass ticks: time for all who are up, and everything that comes of it, unseen. */
    pass: ([ticks]) => this.#unseen(() => this.#times(ticks, () => this.#passTick())),
    status: () => {
      for (const line of statusLines(this.#group)) this.#trace.note(line);
    },
    /** What is on a node's disk. */
    disk: ([node]) => this.#disk(Number(node)),
    followers: ([node]) => this.#followers(Number(node)),
    refusal: ([node, bytes]) =>
      this.#trace.note(this.#group.raft(Number(node)).refusal(Number(bytes)) ?? 'none'),
  };

  #found(args: Args): void {
    const given = new Map(args.map((arg) => arg.split('=') as [string, string]));
    const nodes = (key: string): number[] => (given.get(key) ?? '').split(',').filter(Boolean).map(Number);
    const half = (key: string): ReturnType<typeof idOf>[] => nodes(key).map(idOf);
    const all = ['voters', 'outgoing', 'learners'].flatMap(nodes);
    const limits = Object.fromEntries(
      [...given]
        .filter(([key]) => !['voters', 'outgoing', 'learners'].includes(key))
        .map(([k, v]) => [k, Number(v)]),
    );
    this.#cluster = new Cluster({
      nodes: Math.max(...all),
      configuration: { voters: half('voters'), outgoing: half('outgoing'), learners: half('learners') },
      limits,
      // Staggered and constant: node 1 draws the shortest timeout.
      random: (node) => () => (node - 1) / Math.max(...all),
      observers: [this.#trace],
    });
  }

  #times(count: string | undefined, move: () => void): void {
    for (let left = Number(count ?? 1); left > 0; left -= 1) move();
  }

  #must(done: boolean, what: string): void {
    if (!done) throw new Error(`there is nothing to ${what}`);
  }

  #matching([link, kind, count]: Args, move: (flight: Flying) => void): void {
    const group = this.#group;
    const chosen = group.flying
      .filter((flight) => matches(flight, link, kind))
      .slice(0, Number(count ?? Infinity));
    if (chosen.length === 0 && link !== undefined) throw new Error(`nothing like ${link} ${kind} flies`);
    group.flying = group.flying.filter((flight) => !chosen.includes(flight));
    for (const flight of chosen) {
      this.#past.push(flight);
      move(flight);
    }
  }

  #deliver(flight: Flying): void {
    const { raft, incarnation } = this.#group.member(flight.to);
    if (raft === undefined || flight.toIncarnation !== incarnation) {
      this.#trace.note(`${flight.to} is not there for it`);
    }
    this.#group.hand(flight);
  }

  #propose(node: number, text: string): void {
    const refusal = this.#group.raft(node).refusal(text.length);
    if (refusal === undefined) this.#group.propose(node, text);
    else this.#trace.note(`${node} refuses: ${refusal}`);
  }

  #passTick(): void {
    for (const { node, raft } of this.#group.members) {
      if (raft !== undefined) this.#group.step(node, { kind: 'tick' });
    }
    this.#group.settle();
  }

  #unseen(move: () => void): void {
    this.#trace.quiet = true;
    move();
    this.#trace.quiet = false;
    for (const line of statusLines(this.#group)) this.#trace.note(line);
  }

  #disk(node: number): void {
    const { disk } = this.#group.member(node);
    const entries = [...disk.entries.values()].toSorted((a, b) => a.index - b.index);
    this.#trace.note(`t${disk.hard.term}: ${entries.map(({ index, term }) => `${index}/${term}`).join(' ')}`);
  }

  #followers(node: number): void {
    for (const follower of this.#group.raft(node).status().followers) {
      const { state, match, next, damaged, active } = follower;
      const flags = `${damaged ? ' damaged' : ''}${active ? '' : ' silent'}`;
      this.#trace.note(
        `${Number.parseInt(follower.replica, 16)} ${state} match ${match} next ${next}${flags}`,
      );
    }
  }
}

function matches({ from, to, message }: Flying, link: string | undefined, kind: string | undefined): boolean {
  if (link !== undefined && link !== '*' && link !== `${from}>${to}`) return false;
  return kind === undefined || kind === message.kind;
}

function verdictText(group: Cluster, node: number): string {
  const { damaged, last, term } = group.raft(node).status();
  const { owed } = group.member(node).disk;
  const owes =
    owed.kind === 'known' ? `owes ${owed.tail.index}/${owed.tail.term}` : 'owes what it does not know';
  return `${damaged ? `damaged, ${owes}` : 'clean'}, t${term}, sound up to ${last}`;
}

/** Runs a script; gives it back with what really came of each command. */
export function replay(text: string): string {
  const run = new ScriptRun();
  const out: string[] = [];
  for (const { before, command } of parseScript(text)) {
    out.push(...before, `> ${command}`, ...run.run(command));
  }
  return `${out.join('\n')}\n`;
}
