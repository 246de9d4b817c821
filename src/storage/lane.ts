/** One job at a time, in order of arrival. Each job gets a `release` that it calls once, when it is done. */
export type Job = (release: () => void) => void;

export class Lane {
  readonly #waiting: Job[] = [];
  #busy = false;

  get idle(): boolean {
    return !this.#busy;
  }

  run(job: Job): void {
    if (this.#busy) {
      this.#waiting.push(job);
      return;
    }
    this.#busy = true;
    this.#start(job);
  }

  #start(job: Job): void {
    let released = false;
    job(() => {
      if (released) throw new Error('a job released its lane twice');
      released = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy = false;
      else this.#start(next);
    });
  }
}
