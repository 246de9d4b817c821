/** Nodes of an earlier `dev` that was killed end by themselves; the next `dev` waits until they have. */
import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { PID_FILE, readPid } from '../pid-file.ts';
import { commandLine, isAlive } from '../process-identity.ts';

const WAIT_MS = 15_000;
const PAUSE_MS = 50;

interface Place {
  readonly name: string;
  readonly directory: string;
}

/** The process that still runs on this directory. A stale pid that another program has now is told by its command. */
function runningOn({ directory }: Place): number | undefined {
  const pid = readPid(directory);
  if (pid === undefined || !isAlive(pid)) return undefined;
  const command = commandLine(pid);
  return command === undefined || command.includes(directory) ? pid : undefined;
}

export async function waitForOrphans(places: readonly Place[], say: (line: string) => void): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  let told = false;
  for (;;) {
    const running = places.flatMap((place) => {
      const pid = runningOn(place);
      return pid === undefined ? [] : [{ ...place, pid }];
    });
    const [first] = running;
    if (first === undefined) return;
    if (performance.now() > deadline) {
      const text =
        `${first.name} of an earlier run still runs on ${first.directory} (pid ${first.pid}, from its ${PID_FILE}) and has not ended ` +
        `within ${WAIT_MS / 1_000} s. End it with \`kill -9 ${first.pid}\`, or name another directory with --data.`;
      throw new CliError('data_in_use', text);
    }
    if (!told) {
      say(`Waiting for the nodes of an earlier run to end: ${running.map(({ name }) => name).join(', ')}`);
    }
    told = true;
    await delay(PAUSE_MS);
  }
}
