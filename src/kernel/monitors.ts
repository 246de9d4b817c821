/**
 * Who wants to hear of an actor's end. A monitor is one-shot and lies between two incarnations: it fires when the
 * watched one ends and vanishes silently when the watching one does, so neither side collects dead entries.
 */

/** The incarnation that watches. */
export interface Watcher {
  /** The watched incarnation has ended. */
  heard(monitor: Monitor): void;
}

export class Monitor {
  readonly message: unknown;
  readonly #watcher: Watcher;
  readonly #watchers: Watchers;

  constructor(message: unknown, watcher: Watcher, watchers: Watchers) {
    this.message = message;
    this.#watcher = watcher;
    this.#watchers = watchers;
    watchers.add(this);
  }

  /** The watcher is gone, or no longer interested. */
  drop(): void {
    this.#watchers.delete(this);
  }

  fire(): void {
    this.#watcher.heard(this);
  }
}

/** The monitors of one watched actor, in the order of asking. */
export class Watchers {
  /** Made by the first monitor: most actors are never watched. */
  #monitors: Set<Monitor> | undefined;

  add(monitor: Monitor): void {
    this.#monitors ??= new Set();
    this.#monitors.add(monitor);
  }

  delete(monitor: Monitor): void {
    this.#monitors?.delete(monitor);
  }

  fireAll(): void {
    const monitors = this.#monitors;
    this.#monitors = undefined;
    if (monitors === undefined) return;
    for (const monitor of monitors) monitor.fire();
  }
}
