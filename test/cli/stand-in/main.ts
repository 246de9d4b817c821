/**
 * The `callboard` command with a stand-in for the node: it listens, says that it is ready, and misbehaves on request, so
 * that the supervisor can be tested in the cases that a sound node never shows.
 *
 * STAND_IN_FAIL=NAME: that node fails at every start. STAND_IN_HANG=NAME: that node never ends by itself.
 */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { runDev } from '../../../src/cli/dev.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { runServer } from '../../../src/cli/server.ts';
import type { RunningNode } from '../../../src/cli/server.ts';
import type { NodeConfig } from '../../../src/node/config.ts';

function startStandIn({ name, listen }: NodeConfig): Promise<RunningNode> {
  if (process.env['STAND_IN_FAIL'] === name) throw new Error(`${name} fails on request`);
  const server = createServer((_request, response) => response.end('ready'));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (process.env['STAND_IN_HANG'] === name) return;
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...listen, exclusive: true }, () =>
      resolve({ url: `http://${listen.host}:${listen.port}`, close }),
    );
  });
}

const exitCode = await runProgram(process.argv.slice(2), {
  dev: (flags) =>
    runDev({
      flags,
      env: process.env,
      nodeCommand: [process.execPath, fileURLToPath(import.meta.url), 'server'],
    }),
  server: ({ endWithStdin, ...flags }) =>
    runServer({ flags, endWithStdin: endWithStdin === true, loadNode: () => Promise.resolve(startStandIn) }),
});
process.exit(exitCode);
