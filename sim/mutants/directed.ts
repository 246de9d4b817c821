/**
 * Runs the tests that are named beside a mutant in its own build, where each of them has to fail. They are run in a copy of the build
 * without any edit before, where they have to pass: so it is the edit that they fail by.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { buildMutant, removeMutant, unbroken } from './build.ts';
import type { Mutant } from './mutant.ts';

const rooms = ['src', 'sim', 'test', 'scripts', 'bench'] as const;
/** For one test file; the longest of them takes a few seconds. */
const timeoutMs = 240_000;

interface Run {
  readonly passed: boolean;
  readonly output: string;
}

export class DirectedTests {
  readonly #purpose: string;
  /** Of the copy without an edit, which is made with the first question. */
  #unbrokenDir: string | undefined;
  readonly #sound = new Set<string>();

  constructor(purpose: string) {
    this.#purpose = purpose;
  }

  /** The tests that did not notice the mutant. Throws if one of them fails without it. */
  unaware(mutant: Mutant): readonly string[] {
    const tests = mutant.directed?.tests ?? [];
    this.#unbrokenDir ??= buildMutant(unbroken, this.#purpose, rooms);
    for (const test of tests) this.#expectSound(test, this.#unbrokenDir);
    const dir = buildMutant(mutant, this.#purpose, rooms);
    const unaware = tests.filter((test) => runTest(test, dir).passed);
    removeMutant(mutant, this.#purpose);
    return unaware;
  }

  end(): void {
    if (this.#unbrokenDir !== undefined) removeMutant(unbroken, this.#purpose);
  }

  #expectSound(test: string, dir: string): void {
    if (this.#sound.has(test)) return;
    const { passed, output } = runTest(test, dir);
    if (!passed) throw new Error(`${test} fails without any mutant: ${output.slice(-2_000)}`);
    this.#sound.add(test);
  }
}

/** Passed is what ends with 0 and has counted its tests. */
function runTest(test: string, dir: string): Run {
  const file = join(dir, test.replace(/\.ts$/, '.js'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', file], {
    encoding: 'utf8',
    timeout: timeoutMs,
  });
  return { passed: status === 0 && /Passed:\s+[1-9]/.test(stdout), output: `${stdout}${stderr}` };
}
