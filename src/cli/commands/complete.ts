/** `callboard complete -- WORDS...`: what the completion scripts ask. Says nothing where it knows nothing, and never complains. */
import type { Command } from 'commander';
import { candidates } from '../completion.ts';
import { clusterUrls, type Environment } from '../link/target.ts';

/** A prompt must not hang because a cluster is away. */
const TOPICS_MS = 1_000;

export async function complete(program: Command, words: readonly string[], env: Environment): Promise<void> {
  const { words: found, topics } = candidates(program, words);
  const names = topics ? await topicNames(words, env) : [];
  const typed = words.at(-1) ?? '';
  const all = [...found, ...names.filter((name) => name.startsWith(typed))];
  if (all.length > 0) process.stdout.write(`${all.join('\n')}\n`);
}

/** None where no node answers: a completion has nobody to tell it to. */
async function topicNames(words: readonly string[], env: Environment): Promise<readonly string[]> {
  const at = words.indexOf('--url');
  const url = at < 0 ? undefined : words[at + 1];
  try {
    const [first = ''] = clusterUrls(url === undefined ? {} : { url }, env);
    const signal = AbortSignal.timeout(TOPICS_MS);
    const answer = await fetch(`${first.replace(/^ws/, 'http').replace(/\/+$/, '')}/topics`, { signal });
    const { topics } = (await answer.json()) as { readonly topics?: readonly string[] };
    return topics ?? [];
  } catch {
    return [];
  }
}
