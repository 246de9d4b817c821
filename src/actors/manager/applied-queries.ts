/** Other managers that want to know when this one has applied an index. They ask again, so what is not kept is not lost. */
import { refTo, type Context } from '../../kernel/index.ts';
import { managerActorId, type AppliedQuery, type ManagerMessage } from './messages.ts';

export class AppliedQueries {
  readonly #context: Context<ManagerMessage>;
  readonly #most: number;
  readonly #waiting = new Map<string, AppliedQuery>();

  constructor(context: Context<ManagerMessage>, most: number) {
    this.#context = context;
    this.#most = most;
  }

  ask(query: AppliedQuery, applied: number): void {
    if (query.index <= applied) this.#answer(query);
    else if (this.#waiting.size < this.#most) this.#waiting.set(`${query.id}/${query.fromNode}`, query);
  }

  applied(applied: number): void {
    for (const [key, query] of this.#waiting) {
      if (query.index > applied) continue;
      this.#waiting.delete(key);
      this.#answer(query);
    }
  }

  #answer({ id, fromNode }: AppliedQuery): void {
    const { node } = this.#context.self;
    this.#context.send(
      refTo<ManagerMessage>(fromNode, managerActorId),
      { kind: 'applied-answer', id, node },
      'control',
    );
  }
}
