/** The `callboard` command line: what can be said, and what it is handed to. */
import { Command, CommanderError, Option } from 'commander';
import { readVersion } from '../node/version.ts';
import { clusterCommands } from './cluster-commands.ts';
import { describeFailure, exitCodeHelp, exitCodes } from './errors.ts';

type Flags = Readonly<Record<string, unknown>>;

export interface Commands {
  readonly dev: (flags: Flags) => Promise<number>;
  readonly server: (flags: Flags) => Promise<number>;
}

const examples = `
Examples:
  callboard dev                                three nodes on this machine, ports 8080 to 8082
  callboard dev --nodes 1 --port 9000          one node
  callboard server --data ./data               one node, configured by flags, environment or file
  callboard topic create orders                a topic with two partitions
  echo hello | callboard produce orders        a record per line
  callboard consume orders --from earliest     what is there, then what comes
  callboard consume --help                     what a command can do

${exitCodeHelp}
`;

const devHelp = `
The first start makes the data directory; later starts go on with what is there. While it runs, nodes that die are
started again after 2 s. Ctrl-C ends all nodes; so does every other end of this process.

With --memory the topics of a node that ends are gone from it; it fetches them from the others when it is back.
They are lost when a majority ends at a time.

Environment: CALLBOARD_ADMIN_TOKEN (else one is made and kept), CALLBOARD_LOG_LEVEL, CALLBOARD_LIMITS,
CALLBOARD_STORAGE, CALLBOARD_ALLOWED_ORIGINS, CALLBOARD_ALLOW_HOST, CALLBOARD_TRUSTED_PROXY, for all nodes.

Examples:
  callboard dev
  callboard dev --nodes 5 --port 9000 --data /tmp/board
  callboard dev --memory                                   for tests: nothing is left behind
  kill -9 $(cat .callboard/broker-2/callboard.pid)         and watch the others go on
`;

const serverHelp = `
Every setting can be given in four ways; the later one wins: default, config file (JSON), environment, flag.

  name             --name               CALLBOARD_NAME                this node's name (default: broker-1)
  listen           --listen             CALLBOARD_LISTEN              host:port (default: its own address in peers, else 127.0.0.1:8080)
  peers            --peers              CALLBOARD_PEERS               name=host:port,... of all nodes named at the start, this one too
  data             --data               CALLBOARD_DATA                directory (default: ./callboard-data)
  secretFile       --secret-file        CALLBOARD_SECRET_FILE         file with the cluster secret; or CALLBOARD_SECRET holds it
  adminTokenFile   --admin-token-file   CALLBOARD_ADMIN_TOKEN_FILE    file with the admin token; or CALLBOARD_ADMIN_TOKEN holds it
  storage          --storage            CALLBOARD_STORAGE             disk or memory: where new topics are kept (default: disk)
  manualBrokers    --manual-brokers     CALLBOARD_MANUAL_BROKERS      wait for the admin call \`add\`
  logLevel         --log-level          CALLBOARD_LOG_LEVEL           trace, debug, info, warn, error, fatal, silent
  logFile          --log-file           CALLBOARD_LOG_FILE            file for the log, put aside at 16 MiB (default: standard output)
  allowedOrigins   --allowed-origins    CALLBOARD_ALLOWED_ORIGINS     browser origins, with commas
  allowHost        --allow-host         CALLBOARD_ALLOW_HOST          names by which HTTP may ask for this node, with commas
  trustedProxy     --trusted-proxy      CALLBOARD_TRUSTED_PROXY       proxies whose X-Forwarded-For counts: addresses, networks, with commas
  unusedDays       --unused-days        CALLBOARD_UNUSED_DAYS         forget producers and consumers that nobody used for so long (default: 30; 0: never)
  limits           -                    CALLBOARD_LIMITS              JSON object of limits to change

Secrets are never given as flags: every user of the machine can read those.

Example, one of three nodes:
  CALLBOARD_SECRET_FILE=/etc/callboard/secret callboard server --name a \\
    --peers a=10.0.0.1:8080,b=10.0.0.2:8080,c=10.0.0.3:8080 --data /var/lib/callboard

${exitCodeHelp}
`;

function devCommand(run: (flags: Flags) => Promise<void>): Command {
  return new Command('dev')
    .description('run a cluster on this machine, one process per node')
    .option('--nodes <count>', 'how many nodes, named broker-1, broker-2, ...', '3')
    .option('--data <directory>', 'where everything is kept (default: "./.callboard")')
    .option('--memory', 'keep topics in memory; without --data nothing is kept at all')
    .option('--port <port>', 'of the first node; the others take the ports that follow', '8080')
    .option('--host <address>', 'where to listen; 0.0.0.0 is all interfaces', '127.0.0.1')
    .option('--manual-brokers', 'nodes wait for the admin call `add` before they take partitions')
    .option('--no-restart', 'do not start nodes again that died')
    .option('--verbose', 'show the logs of all nodes here')
    .addOption(new Option('--end-with-parent').hideHelp())
    .addHelpText('after', devHelp)
    .action(run);
}

function serverCommand(run: (flags: Flags) => Promise<void>): Command {
  return new Command('server')
    .description('run one node')
    .option('--config <file>', 'JSON file with settings')
    .option('--name <name>', "this node's name")
    .option('--listen <host:port>', 'where to listen')
    .option('--peers <name=host:port,...>', 'all nodes named at the start')
    .option('--data <directory>', 'where this node keeps its data')
    .option('--secret-file <file>', 'file with the cluster secret')
    .option('--admin-token-file <file>', 'file with the admin token')
    .option('--storage <kind>', 'where new topics are kept: disk or memory')
    .option('--manual-brokers', 'wait for the admin call `add` before taking partitions')
    .option('--log-level <level>', 'how much to log')
    .option('--log-file <file>', 'where to log')
    .option('--allowed-origins <origins>', 'browser origins that may connect')
    .option('--allow-host <names>', 'names by which HTTP may ask for this node')
    .option('--trusted-proxy <addresses>', 'proxies whose X-Forwarded-For says who asks')
    .option('--unused-days <days>', 'forget producers and consumers that nobody used for so long')
    .addOption(new Option('--end-with-stdin').hideHelp())
    .addHelpText('after', serverHelp)
    .action(run);
}

/** Commander's own complaints in the form of ours; a value given with a flag may be a secret and is not repeated. */
function usageError(text: string): string {
  const plain = text
    .replace(/^error: /, '')
    .replace(/(--[\w-]+)=[^'\n]*/g, '$1=...')
    .trim();
  const suggestion = plain.replace(/\n\(Did you mean (.*?)\?\)/s, '; did you mean $1?');
  return `callboard: ${suggestion} (usage)\nSee \`callboard --help\` or \`callboard COMMAND --help\`.\n`;
}

function everyCommand(of: Command): readonly Command[] {
  return [of, ...of.commands.flatMap(everyCommand)];
}

function build(commands: Commands, onExit: (code: number) => void): Command {
  const output = {
    writeErr: (text: string): void => void process.stderr.write(text),
    outputError: (text: string, write: (text: string) => void): void => write(usageError(text)),
  };
  const hand =
    (command: (flags: Flags) => Promise<number>) =>
    async (flags: Flags): Promise<void> =>
      onExit(await command(flags));
  const program = new Command('callboard')
    .description(
      'Distributed queue and log: partitions replicated by Raft, in one process or on many machines',
    )
    .version(readVersion(), '--version', 'print the version')
    .addHelpText('after', examples)
    .addCommand(devCommand(hand(commands.dev)))
    .addCommand(serverCommand(hand(commands.server)));
  const { shown, hidden } = clusterCommands({ env: process.env, onExit }, () => program);
  for (const command of shown) program.addCommand(command);
  program.addCommand(hidden, { hidden: true });
  for (const command of everyCommand(program)) command.exitOverride().configureOutput(output);
  return program;
}

/** Runs what the arguments say; resolves to the exit code. */
export async function runProgram(args: readonly string[], commands: Commands): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = build(commands, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failure = describeFailure(error);
    for (const line of failure.lines) process.stderr.write(`callboard: ${line}\n`);
    if (failure.stack !== undefined) process.stderr.write(`${failure.stack}\n`);
    return failure.exitCode;
  }
}
