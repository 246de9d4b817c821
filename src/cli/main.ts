#!/usr/bin/env node
/** The `callboard` command. */
import { fileURLToPath } from 'node:url';
import { runProgram } from './program.ts';
import { setNodeFlags } from './runtime-flags.ts';
import type { StartNode } from './server.ts';

/** A node's code is loaded by the process that runs it; `dev` and `--help` do without. */
async function loadNode(): Promise<StartNode> {
  return (await import('../node/start-node.ts')).startNode;
}

// Whoever reads us has seen enough (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await runProgram(process.argv.slice(2), {
  dev: async (flags) => {
    const { runDev } = await import('./dev.ts');
    const nodeCommand: [string, ...string[]] = [process.execPath, fileURLToPath(import.meta.url), 'server'];
    return runDev({ flags, env: process.env, nodeCommand });
  },
  server: async ({ endWithStdin, ...flags }) => {
    setNodeFlags();
    const { runServer } = await import('./server.ts');
    return runServer({ flags, endWithStdin: endWithStdin === true, loadNode });
  },
});
/** What was written has left us: a pipe that is full takes its time. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Whatever still hangs on the event loop (an open standard input, a socket that would not close) must not keep us.
process.exit(exitCode);
