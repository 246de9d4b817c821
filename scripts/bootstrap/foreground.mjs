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

/** Resolves to the exit code, or 128 + signal number as a shell has it. */
export function runForeground(file, args) {
  // A process group of its own keeps the terminal from signalling the child behind our back: each signal reaches
  // it through us, and so exactly once.
  const child = spawn(process.execPath, [file, ...args], {
    stdio: 'inherit',
    detached: process.platform !== 'win32',
  });
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      stopForwarding();
      console.error(`cannot run ${file}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
