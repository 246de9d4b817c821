/** Every queue keeps its bound (SEMANTICS S21). */
export interface ActorDepths {
  readonly id: string;
  readonly control: number;
  readonly data: number;
  readonly dataCapacity: number;
}

export interface Bounds {
  /** Far above every protocol window, far below what would hurt. */
  readonly controlMessages: number;
  readonly uncommittedBytes: number;
  /** One entry may always go beyond a bound in bytes. */
  readonly entryBytes: number;
}

export class BoundsChecker {
  readonly #bounds: Bounds;
  readonly #report: (text: string) => void;

  constructor(bounds: Bounds, report: (text: string) => void) {
    this.#bounds = bounds;
    this.#report = report;
  }

  actors(node: string, actors: Iterable<ActorDepths>): void {
    for (const { id, control, data, dataCapacity } of actors) {
      if (control > this.#bounds.controlMessages) {
        this.#report(`${control} control messages wait for ${id} on ${node}`);
      }
      if (data > dataCapacity) {
        this.#report(`${data} data messages wait for ${id} on ${node}, which takes ${dataCapacity}`);
      }
    }
  }

  uncommitted(node: string, group: number, bytes: number): void {
    const most = this.#bounds.uncommittedBytes + this.#bounds.entryBytes;
    if (bytes > most) {
      this.#report(`${bytes} bytes are uncommitted in group ${group} on ${node}, at most ${most} may be`);
    }
  }
}
