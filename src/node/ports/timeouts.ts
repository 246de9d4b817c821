/** The timeouts of one node: what still waits when the node is closed is called off, and nothing of it is left behind. */
export class Timeouts {
  readonly #waiting = new Set<NodeJS.Timeout>();

  readonly schedule = (delayMs: number, callback: () => void): void => {
    const timeout = setTimeout(() => {
      this.#waiting.delete(timeout);
      callback();
    }, delayMs);
    this.#waiting.add(timeout);
  };

  clear(): void {
    for (const timeout of this.#waiting) clearTimeout(timeout);
    this.#waiting.clear();
  }
}
