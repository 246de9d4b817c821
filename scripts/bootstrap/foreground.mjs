// Runs a script of ours as if we had become it: same terminal, same signals, same exit code.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
/** One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. */
const SAME_KEYPRESS_MS = 1_000;

function forwardSignals(child) {
  const lastAt = new Map();
  const handlers = FORWARDED.map((signal) => {
    const handler = () => {
      const now = performance.now();
      const repeated = now - (lastAt.get(signal) ?? -Infinity) < SAME_KEYPRESS_MS;
      if (repeated) return;
      lastAt.set(signal, now);
      child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}

/** How often we look whether npm is still there. */
const LOOK_MS = 500;

/** npm passes signals on, but nobody passes on its own kill -9: then our parent is another process than before. */
function watchNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return () => undefined;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== npm) child.kill('SIGTERM');
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/**
 * Resolves to the exit code, or 128 + signal number as a shell has it. `held`: the child gets the reading end of a pipe as its
 * descriptor 3, at which it sees us end, however we do.
 */
export function runForeground(file, args, held = false) {
  // A process group of its own keeps the terminal from signalling the child behind our back: each signal reaches
  // it through us, and so exactly once.
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', ...(held ? ['pipe'] : [])],
    detached: process.platform !== 'win32',
  });
  const stopForwarding = forwardSignals(child);
  const stopWatching = watchNpm(child);
  child.stdio[3]?.on('error', () => undefined);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      stopForwarding();
      stopWatching();
      console.error(`cannot run ${file}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      stopForwarding();
      stopWatching();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
