// The one way in: works on a fresh clone, before anything is installed, so it may use nothing but Node itself.
//
//   node scripts/bootstrap.mjs test  [-j N] [FILE...]   install, build, then checks and tests
//   node scripts/bootstrap.mjs check                    install, build, then the checks alone
//   node scripts/bootstrap.mjs build                    install and build
//   node scripts/bootstrap.mjs start [--] [ARGS...]     install and build if needed, then `callboard dev ARGS`
//   node scripts/bootstrap.mjs run FILE [ARGS...]       install and build if needed, then FILE of the build
//   node scripts/bootstrap.mjs clean                    remove what builds left behind
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, buildIfStale } from './bootstrap/build.mjs';
import { runForeground } from './bootstrap/foreground.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { ROOT } from './bootstrap/paths.mjs';

/** A broken build is counted by the test command itself, so that its last line is always a count. */
async function runCompiled(script, args) {
  const file = join(ROOT, 'dist/scripts', script);
  const built = build();
  if (!existsSync(file)) {
    console.error(`the build did not produce ${file}`);
    console.log('0 passed, 1 failed');
    return 1;
  }
  return runForeground(file, built ? args : ['--build-failed', ...args]);
}

const commands = {
  test: (args) => runCompiled('npm-test.js', args),
  check: (args) => runCompiled('npm-test.js', ['--checks-only', ...args]),
  build: () => (build() ? 0 : 1),
  start: (args) => {
    if (!buildIfStale()) return 1;
    return runForeground(join(ROOT, 'dist/src/cli/main.js'), ['dev', '--end-with-parent', ...args], true);
  },
  run: ([file, ...args]) => {
    if (file === undefined || !buildIfStale()) return 1;
    return runForeground(join(ROOT, file), args[0] === '--' ? args.slice(1) : args);
  },
};

function clean() {
  for (const dir of ['dist', 'client/dist', '.build', 'coverage']) {
    rmSync(join(ROOT, dir), { recursive: true, force: true });
  }
  return 0;
}

async function main([name, ...rest]) {
  if (name === 'clean') return clean();
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    console.error('usage: node scripts/bootstrap.mjs test|check|build|start|run|clean [ARGS]');
    return 2;
  }
  if (!ensureInstalled()) {
    // Whoever reads only the last line of a test run must see that it failed.
    if (name === 'test' || name === 'check') console.log('0 passed, 1 failed');
    return 1;
  }
  // npm adds one `--` of its own script and passes on the caller's; neither means anything to the command.
  return command(rest[0] === '--' ? rest.slice(1) : rest);
}

process.exitCode = await main(process.argv.slice(2));
