/** The commands that talk to a cluster: what can be said with each, and examples. What they do is loaded when one is called. */
import { Argument, Command, Option } from 'commander';
import { completionScript, shells, type Shell } from './completion.ts';
import { newContext, type CommandContext, type Flags } from './commands/context.ts';
import { exitCodes } from './errors.ts';

export interface Ground {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onExit: (code: number) => void;
}

type Run = (context: CommandContext, operand: string) => Promise<number | void>;

const topicArgument = (): Argument => new Argument('<topic>', 'name of the topic');

/** Every such command can say where the cluster is, and how to print. */
function command(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .option(
      '--url <url,...>',
      'any nodes of the cluster (else CALLBOARD_URL, the `callboard dev` here, or port 8080 here)',
    )
    .addOption(
      new Option('--data <directory>', 'where `callboard dev` keeps its data').default('./.callboard'),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`);
}

function operatorCommand(name: string, description: string, examples: readonly string[]): Command {
  const token = 'admin token (better: CALLBOARD_ADMIN_TOKEN; every user of the machine can read a flag)';
  return command(name, description, examples).option('--token <token>', token);
}

function action(ground: Ground, run: Run): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const made = args.at(-1) as Command;
    const operand = typeof args[0] === 'string' ? args[0] : '';
    const flags: Flags = made.opts();
    ground.onExit((await run(newContext(flags, ground.env), operand)) ?? exitCodes.ok);
  };
}

function group(name: string, description: string, members: readonly Command[]): Command {
  const made = new Command(name).description(description);
  for (const member of members) made.addCommand(member);
  return made;
}

function topicCommands(ground: Ground): Command {
  const load = () => import('./commands/topics.ts');
  return group('topic', 'create, list, look at and remove topics', [
    command('create', 'create a topic; returns when it can be used on every node', [
      'callboard topic create orders --partitions 4',
      'callboard topic create scratch --storage memory --if-not-exists',
    ])
      .addArgument(topicArgument())
      .option('-p, --partitions <count>', 'how many partitions', '2')
      .addOption(
        new Option(
          '--storage <kind>',
          'where records are kept (default: as the nodes are configured)',
        ).choices(['disk', 'memory']),
      )
      .option('--if-not-exists', 'an existing topic is as good as a new one')
      .action(action(ground, async (context, name) => (await load()).createTopic(context, name))),
    command('ls', 'list the topics in order of creation', [
      'callboard topic ls',
      'callboard topic ls -o json',
    ]).action(action(ground, async (context) => (await load()).listTopics(context))),
    command('info', "show a topic's partitions: their leaders and ends", ['callboard topic info orders'])
      .addArgument(topicArgument())
      .action(action(ground, async (context, name) => (await load()).describeTopic(context, name))),
    operatorCommand('rm', 'remove a topic with all its records, producers and consumers, for good', [
      'callboard topic rm orders',
      'callboard admin broker remove broker-4 && callboard topic rm orders --force',
    ])
      .addArgument(topicArgument())
      .option(
        '--force',
        'do not wait for brokers that were removed with `admin broker remove`: if one of them still runs, cut off, records that it acknowledges go on being lost until it is stopped or reached',
      )
      .action(action(ground, async (context, name) => (await load()).removeTopic(context, name))),
  ]);
}

/** What more there is to consumers and producers of their own comes with the topics. */
function idCommands(ground: Ground, who: 'consumer' | 'producer', shown: string): Command {
  const names =
    who === 'consumer'
      ? 'durable consumers: their cursors go with them'
      : 'producers that registered over HTTP';
  return group(who, `remove ${names}`, [
    operatorCommand('rm', `remove a ${who} for good; nobody can use it any more`, [
      `callboard ${who} rm ${shown} --topic orders`,
    ])
      .addArgument(new Argument('<id>', `id of the ${who}`))
      .requiredOption('--topic <name>', 'the topic that it belongs to')
      .action(
        action(ground, async (context, id) => (await import('./commands/ids.ts')).removeId(context, who, id)),
      ),
  ]);
}

function produceCommand(ground: Ground): Command {
  return command('produce', 'send a record per line of standard input, or of a file', [
    "printf 'one\\ntwo\\n' | callboard produce orders",
    'callboard produce orders --file events.log --rate 1000',
    "printf 'alice:hello\\n' | callboard produce orders --key-separator :",
  ])
    .addArgument(topicArgument())
    .option('-f, --file <file>', 'read lines from here; - is standard input')
    .option('-k, --key-separator <text>', 'what stands before it in a line is the key (\\t is a tab)')
    .option('--rate <count>', 'records per second at most')
    .addOption(
      new Option('--acks <level>', 'what a record waits for (default: quorum)').choices([
        'quorum',
        'leader',
        'none',
      ]),
    )
    .option('--partition <number>', 'send all records to this one')
    .action(
      action(ground, async (context, name) => (await import('./commands/produce.ts')).produce(context, name)),
    );
}

function consumeCommand(ground: Ground): Command {
  return command('consume', 'print records as they are pushed; Ctrl-C ends it cleanly', [
    'callboard consume orders',
    'callboard consume orders --from earliest --exit-at-end',
    'callboard consume orders --id billing --count 100',
    "callboard consume orders --from 2030-01-31T12:00:00Z --format '{partition}/{offset} {key}: {value}'",
    'callboard consume orders --from earliest -o json | jq .value',
  ])
    .addArgument(topicArgument())
    .option('--id <id>', 'a durable consumer: it goes on behind what it has printed before')
    .option(
      '--from <place>',
      'earliest, latest, an offset or a time; default latest, with --id or --exit-at-end earliest',
    )
    .option('-n, --count <count>', 'end after so many records')
    .option('--exit-at-end', 'end when everything is printed that was there at the start')
    .option(
      '--format <template>',
      'json, or text with {topic} {partition} {offset} {timestamp} {key} {value} {headers}',
    )
    .option('--partition <number,...>', 'read these only')
    .action(
      action(ground, async (context, name) => (await import('./commands/consume.ts')).consume(context, name)),
    );
}

function statusCommands(ground: Ground): readonly Command[] {
  const load = () => import('./commands/status.ts');
  return [
    command('status', 'show how the node at --url is', [
      'callboard status',
      'callboard status -o json',
    ]).action(action(ground, async (context) => (await load()).showStatus(context))),
    group('cluster', 'look at all nodes together', [
      operatorCommand('status', 'show every node, as it says of itself', [
        'callboard cluster status',
        "callboard cluster status -o json | jq '.nodes[] | select(.answered | not)'",
      ]).action(action(ground, async (context) => (await load()).showCluster(context))),
    ]),
  ];
}

function adminCommands(ground: Ground): Command {
  const actions = {
    add: 'let a broker take partitions',
    remove: 'take a broker out: it gets no new partitions',
    activate: 'undo deactivate',
    deactivate: 'give a broker no new partitions and no leadership until it is activated',
  } as const;
  const members = (Object.keys(actions) as (keyof typeof actions)[]).map((name) =>
    operatorCommand(name, actions[name], [`callboard admin broker ${name} broker-2`])
      .addArgument(new Argument('<name>', 'name of the broker'))
      .action(
        action(ground, async (context, broker) =>
          (await import('./commands/brokers.ts')).changeBroker(context, name, broker),
        ),
      ),
  );
  return group('admin', 'change the cluster', [
    group('broker', 'add, remove, activate and deactivate brokers', members),
  ]);
}

function actorCommands(ground: Ground): Command {
  const load = () => import('./commands/actors.ts');
  const onNode = (made: Command): Command =>
    made.option('--node <name>', 'of this node; default: the one at --url');
  const actorArgument = (): Argument => new Argument('<actor>', 'id of the actor, as `actor ls` shows it');
  return group('actor', 'look at the actors of a node', [
    onNode(
      operatorCommand('ls', 'list the actors with their mailboxes and counters', [
        'callboard actor ls --node broker-2',
      ]),
    ).action(action(ground, async (context) => (await load()).listActors(context))),
    onNode(
      operatorCommand('info', 'show what one actor says of itself', [
        'callboard actor info gateway',
        'callboard actor info partition/3 -o json',
      ]),
    )
      .addArgument(actorArgument())
      .action(action(ground, async (context, actor) => (await load()).describeActor(context, actor))),
    onNode(
      operatorCommand(
        'trace',
        'show the next messages that one actor handles: kinds, senders and times, never contents',
        ['callboard actor trace manager --count 5'],
      ),
    )
      .addArgument(actorArgument())
      .option('-n, --count <count>', 'how many messages', '20')
      .action(action(ground, async (context, actor) => (await load()).traceActor(context, actor))),
  ]);
}

function completionCommands(ground: Ground, root: () => Command): readonly Command[] {
  const script = new Command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(callboard completion bash)\n  source <(callboard completion zsh)\n  callboard completion fish | source\n',
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell));
      ground.onExit(exitCodes.ok);
    });
  const complete = new Command('complete')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const { complete: run } = await import('./commands/complete.ts');
      await run(root(), words, ground.env);
      ground.onExit(exitCodes.ok);
    });
  return [script, complete];
}

/** `root`: the whole program, which completion looks at. */
export function clusterCommands(
  ground: Ground,
  root: () => Command,
): { readonly shown: readonly Command[]; readonly hidden: Command } {
  const [script, complete] = completionCommands(ground, root) as [Command, Command];
  return {
    shown: [
      topicCommands(ground),
      idCommands(ground, 'consumer', 'billing'),
      idCommands(ground, 'producer', '0123456789abcdef0123456789abcdef'),
      produceCommand(ground),
      consumeCommand(ground),
      ...statusCommands(ground),
      adminCommands(ground),
      actorCommands(ground),
      script,
    ],
    hidden: complete,
  };
}
