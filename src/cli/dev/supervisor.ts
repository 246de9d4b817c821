/** Runs the nodes of `callboard dev`: starts them, starts them again when they die, and ends them all. */
import { exitCodes } from '../errors.ts';
import { NodeProcess, describeEnd } from './node-process.ts';
import type { NodeEnd, NodeSpec } from './node-process.ts';
import { untilReady } from './readiness.ts';
import { Restarts, isCrash } from './restarts.ts';

export interface SupervisorOptions {
  readonly specs: readonly NodeSpec[];
  readonly restart: boolean;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Once, when all nodes have said that they are ready. */
  readonly onReady: () => void;
}

interface Charge {
  readonly node: NodeProcess;
  readonly restarts: Restarts;
  starts: number;
  wasReady: boolean;
  timer: NodeJS.Timeout | undefined;
  watch: AbortController | undefined;
}

const KILL_AFTER_MS = 10_000;
const PATIENCE_MS = 60_000;
const LOG_LINES = 8;
/** With these a node says that another start would end the same way. */
const HOPELESS: readonly (number | null)[] = [exitCodes.usage, exitCodes.data, exitCodes.address];

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #charges: readonly Charge[];
  #state: 'starting' | 'ready' | 'stopping' = 'starting';
  #exitCode: number = exitCodes.ok;
  #killTimer: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #finish: (exitCode: number) => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#charges = options.specs.map((spec) => {
      const charge: Charge = {
        node: new NodeProcess(spec, (end) => this.#onEnd(charge, end)),
        restarts: new Restarts(),
        starts: 0,
        wasReady: false,
        timer: undefined,
        watch: undefined,
      };
      return charge;
    });
  }

  get logFiles(): readonly string[] {
    return this.#charges.map(({ node }) => node.logFile);
  }

  /** Resolves to the exit code when the last node has ended and none will be started again. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#patience = setTimeout(() => this.#sayWhoIsLate(), PATIENCE_MS);
      for (const charge of this.#charges) this.#launch(charge);
    });
  }

  stop(exitCode: number): void {
    if (this.#state === 'stopping') return;
    this.#state = 'stopping';
    this.#exitCode = exitCode;
    clearTimeout(this.#patience);
    for (const charge of this.#charges) {
      clearTimeout(charge.timer);
      charge.watch?.abort();
      charge.node.signal('SIGTERM');
    }
    this.#killTimer = setTimeout(() => this.kill(), KILL_AFTER_MS);
    this.#finishIfAllEnded();
  }

  /** For nodes that do not end by themselves, and for people who do not want to wait. */
  kill(): void {
    for (const { node } of this.#charges) {
      if (!node.isRunning) continue;
      this.#options.complain(`${node.spec.name} (pid ${node.pid}) does not end by itself and is killed`);
      node.signal('SIGKILL');
    }
  }

  #launch(charge: Charge): void {
    if (this.#state === 'stopping') return;
    charge.starts += 1;
    charge.node.start();
    if (!charge.node.isRunning) return;
    const watch = new AbortController();
    charge.watch = watch;
    void untilReady(charge.node.spec.listen, watch.signal).then((ready) => {
      if (ready && this.#state !== 'stopping') this.#onReady(charge);
    });
  }

  #onReady(charge: Charge): void {
    charge.wasReady = true;
    if (charge.starts > 1) {
      this.#options.say(`${charge.node.spec.name} is ready again (pid ${charge.node.pid})`);
    }
    if (this.#state !== 'starting' || !this.#charges.every(({ wasReady }) => wasReady)) return;
    this.#state = 'ready';
    clearTimeout(this.#patience);
    this.#options.onReady();
  }

  #onEnd(charge: Charge, end: NodeEnd): void {
    charge.watch?.abort();
    if (this.#state === 'stopping') {
      this.#finishIfAllEnded();
      return;
    }
    const { name } = charge.node.spec;
    const what = `${name} ${describeEnd(end)}`;
    if (this.#state === 'starting' && HOPELESS.includes(end.code)) {
      this.#options.complain(`${what}; the cluster cannot start (node_failed)`);
      this.#showLog(charge);
      this.stop(end.code ?? exitCodes.failed);
    } else if (this.#options.restart) {
      const delayMs = charge.restarts.delayAfter(end);
      this.#options.complain(`${what}; starting it again in ${delayMs / 1_000} s`);
      if (isCrash(end)) this.#showLog(charge);
      charge.timer = setTimeout(() => this.#launch(charge), delayMs);
    } else {
      this.#options.complain(`${what}; it stays down (--no-restart)`);
      if (isCrash(end)) this.#showLog(charge);
      if (this.#charges.every(({ node }) => !node.isRunning)) {
        this.#options.complain('No node is left (node_failed)');
        this.stop(exitCodes.failed);
      }
    }
  }

  #showLog(charge: Charge): void {
    const lines = charge.node.lastLines(LOG_LINES);
    this.#options.complain(`  its last words, from ${charge.node.logFile}:`);
    for (const line of lines.length > 0 ? lines : ['(nothing)']) this.#options.complain(`  | ${line}`);
  }

  #sayWhoIsLate(): void {
    const late = this.#charges.filter(({ wasReady }) => !wasReady);
    const names = late.map(({ node }) => node.spec.name).join(', ');
    this.#options.complain(`Not ready after ${PATIENCE_MS / 1_000} s, still waiting: ${names}`);
    for (const charge of late) this.#showLog(charge);
  }

  #finishIfAllEnded(): void {
    if (this.#charges.some(({ node }) => node.isRunning)) return;
    clearTimeout(this.#killTimer);
    this.#finish(this.#exitCode);
  }
}
