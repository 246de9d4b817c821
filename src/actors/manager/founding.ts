/**
 * How group 0 comes into the world (DESIGN section 8).
 *
 * A node without a founders' list says hello to all named nodes until it gets one. The first-named node draws up the list
 * when every other named node has said hello to it, without a list and naming this very journal: then none of them
 * can hold a list already, and nobody else can draw one up. It journals the list before anybody sees it; each
 * node journals it before it bears its replica of group 0. So a crash at any step leaves either no list anywhere, and the
 * nodes found again, or a list in a journal, and that one spreads.
 *
 * A node whose journal is not in the list (wiped, or new) keeps the list and stays out: in the directory's place for its name
 * stands a replica whose promises it does not remember.
 */
import { refTo, type Context } from '../../kernel/index.ts';
import { groupId, hex } from '@callboard/client/protocol';
import type { GroupMember } from '../group/messages.ts';
import { logWriterActorId, type LogWriterMessage } from '../log-writer/messages.ts';
import { foundersDocument, foundersText, membersText, parseFounders, type Founders } from './founders.ts';
import { managerActorId, type FounderHello, type ManagerMessage } from './messages.ts';
import type { ManagerOptions } from './options.ts';
import { Pace } from './pace.ts';

/**
 * `fenced`: waits until what an earlier incarnation asked of the journal is done. `looking`: no list yet. `saving`: the list
 * is being journaled. `bearing`: so is the birth. `member` and `outsider` are for good.
 */
export type FoundingState = 'fenced' | 'looking' | 'saving' | 'bearing' | 'member' | 'outsider';

export interface FoundingEvents {
  /** This node's replica of group 0 is born; called once. `founded`: this very process drew up the list. */
  member(founders: Founders, founded: boolean): void;
  /** Journals can be trusted to say everything from now on; called once, before `member`. */
  open(): void;
}

const directoryGroup = groupId(0);
/** Saved by a restarted manager only to learn that everything asked before is done; the text means nothing. */
const fenceDocument = 'manager-fence';

export class Founding {
  readonly #context: Context<ManagerMessage>;
  readonly #options: ManagerOptions;
  readonly #events: FoundingEvents;
  readonly #pace: Pace;
  /** The last hello of each named node. */
  readonly #hellos = new Map<string, FounderHello>();
  #state: FoundingState = 'looking';
  #founders: Founders | undefined;
  #founded = false;

  constructor(context: Context<ManagerMessage>, options: ManagerOptions, events: FoundingEvents) {
    this.#context = context;
    this.#options = options;
    this.#events = events;
    this.#pace = new Pace(options.limits.managerRetryMs, options.limits.managerRetryMaxMs);
  }

  get state(): FoundingState {
    return this.#state;
  }

  get founders(): Founders | undefined {
    return this.#founders;
  }

  /** Why this node is no member, for people; undefined unless it is an outsider. */
  get verdict(): 'journal-lost' | 'not-a-member' | undefined {
    if (this.#state !== 'outsider') return undefined;
    const { node } = this.#context.self;
    return this.#founders?.members.some((member) => member.node === node) === true
      ? 'journal-lost'
      : 'not-a-member';
  }

  start(): void {
    if (this.#context.incarnation === 1) {
      this.#begin();
      return;
    }
    // An earlier incarnation may have asked for births and deaths that are not journaled yet; to bear a replica twice would be to
    // forget the first one's log, and one that is about to die must not run. The writer saves a document after them.
    this.#state = 'fenced';
    this.#save(fenceDocument, String(this.#context.incarnation));
  }

  hello(message: FounderHello): void {
    if (this.#state === 'member' || this.#state === 'outsider' || this.#state === 'bearing') {
      this.#sendList(message.node);
      return;
    }
    if (!this.#options.named.includes(message.node)) return;
    this.#hellos.set(message.node, message);
    if (this.#state !== 'looking') return;
    // It waits to read its own id: not until the next of our own hellos is due.
    if (message.heard !== this.#options.replica) this.#sayHelloTo(message.node);
    this.#tryFound();
  }

  /** The node can be reached now: it need not wait for the end of a pause. */
  linkUp(node: string): void {
    if (this.#state !== 'looking' || !this.#options.named.includes(node)) return;
    this.#pace.reset();
    this.#sayHelloTo(node);
  }

  list(text: string): void {
    const founders = parseFounders(text);
    if (founders === undefined) {
      this.#context.trace.note('warn', 'manager.founders-unreadable', { text: text.slice(0, 80) });
      return;
    }
    if (this.#state === 'looking') {
      this.#state = 'saving';
      this.#save(foundersDocument, text);
      return;
    }
    const known = this.#founders;
    if (known === undefined || known.clusterId === founders.clusterId) return;
    this.#context.trace.note('error', 'manager.other-cluster', {
      own: known.clusterId,
      other: founders.clusterId,
    });
  }

  saved(name: string): void {
    if (name === fenceDocument && this.#state === 'fenced') this.#begin();
    if (name === foundersDocument && this.#state === 'saving') this.#known(this.#journaled());
  }

  /** The birth of this node's replica of group 0 is durable. */
  born(): void {
    if (this.#state === 'bearing' && this.#founders !== undefined) this.#join(this.#founders);
  }

  tick(nowMs: number): void {
    if (this.#state === 'looking' && this.#pace.due(nowMs)) this.#sayHello();
  }

  #begin(): void {
    this.#state = 'looking';
    this.#events.open();
    const journaled = this.#options.founders();
    if (journaled !== undefined) {
      this.#known(this.#journaled());
      return;
    }
    if (this.#isBorn()) throw new Error('the journal holds a replica of group 0 but no list of founders');
    this.#tryFound();
  }

  #journaled(): Founders {
    const text = this.#options.founders();
    const founders = text === undefined ? undefined : parseFounders(text);
    if (founders === undefined) {
      throw new Error(`the journal holds no list of founders but ${String(text).slice(0, 80)}`);
    }
    return founders;
  }

  #known(founders: Founders): void {
    this.#founders = founders;
    this.#options.onClusterId(founders.clusterId);
    const { node } = this.#context.self;
    const mine = founders.members.some(
      (member) => member.node === node && member.replica === this.#options.replica,
    );
    if (this.#founded) {
      for (const other of this.#others()) this.#sendList(other);
    }
    if (!mine) {
      this.#state = 'outsider';
      const cluster = founders.clusterId;
      this.#context.trace.note('error', 'manager.not-a-founder', {
        cluster,
        verdict: this.verdict,
        replica: this.#options.replica,
      });
      return;
    }
    if (this.#isBorn()) {
      this.#join(founders);
      return;
    }
    this.#state = 'bearing';
    const birth = {
      group: directoryGroup,
      replica: this.#options.replica,
      members: membersText(founders.members),
    };
    this.#writer({ kind: 'log-birth', replyTo: this.#context.self, births: [birth] });
  }

  #join(founders: Founders): void {
    this.#state = 'member';
    this.#context.trace.note('info', 'manager.member', {
      cluster: founders.clusterId,
      members: founders.members.length,
    });
    this.#events.member(founders, this.#founded);
  }

  #tryFound(): void {
    const { named, replica } = this.#options;
    if (named[0] !== this.#context.self.node) return;
    const members: GroupMember[] = [{ node: this.#context.self.node, replica }];
    for (const node of this.#others()) {
      const hello = this.#hellos.get(node);
      if (hello === undefined || hello.heard !== replica) return;
      members.push({ node, replica: hello.replica });
    }
    const text = foundersText(this.#drawId(), members);
    if (parseFounders(text) === undefined) {
      // Two nodes with one journal id: a data folder was copied. Each would take the other's promises for its own.
      this.#context.trace.note('error', 'manager.cannot-found', { members: text.slice(0, 512) });
      return;
    }
    this.#founded = true;
    this.#state = 'saving';
    this.#context.trace.note('info', 'manager.founding', { members: members.length });
    this.#save(foundersDocument, text);
  }

  #sayHello(): void {
    for (const other of this.#others()) this.#sayHelloTo(other);
  }

  #sayHelloTo(other: string): void {
    const heard = this.#hellos.get(other)?.replica ?? '';
    const { node } = this.#context.self;
    this.#context.send(
      refTo<ManagerMessage>(other, managerActorId),
      { kind: 'founder-hello', node, replica: this.#options.replica, heard },
      'control',
    );
  }

  #sendList(to: string): void {
    if (this.#founders === undefined) return;
    const { text } = this.#founders;
    this.#context.send(refTo<ManagerMessage>(to, managerActorId), { kind: 'founder-list', text }, 'control');
  }

  #save(name: string, text: string): void {
    this.#writer({ kind: 'log-save', replyTo: this.#context.self, name, text });
  }

  #writer(message: LogWriterMessage): void {
    this.#context.send(
      refTo<LogWriterMessage>(this.#context.self.node, logWriterActorId),
      message,
      'control',
    );
  }

  #isBorn(): boolean {
    return this.#options.births().some((birth) => birth.group === directoryGroup);
  }

  #others(): readonly string[] {
    return this.#options.named.filter((node) => node !== this.#context.self.node);
  }

  #drawId(): string {
    const bytes = new Uint8Array(16);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = Math.floor(this.#context.random() * 256);
    return hex(bytes);
  }
}
