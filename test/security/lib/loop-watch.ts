/**
 * Loaded into a node that is watched: how long its event loop was busy at a time, at most. By processor time too, since a process that is not
 * given the machine is not busy. It stands in LOOP_WATCH_DIR in a file named by the process; whoever wants to begin anew removes that.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const everyMs = 10;

function watch(file: string): void {
  let most = -1;
  let before = { at: performance.now(), cpu: process.cpuUsage() };
  const look = (): void => {
    const lateMs = performance.now() - before.at - everyMs;
    const { user, system } = process.cpuUsage(before.cpu);
    const busyMs = Math.max(0, Math.round(Math.min(lateMs, (user + system) / 1_000)));
    const isNew = !existsSync(file);
    if (isNew || busyMs > most) {
      most = isNew ? 0 : busyMs;
      writeFileSync(file, `${most}`);
    }
    before = { at: performance.now(), cpu: process.cpuUsage() };
  };
  setInterval(look, everyMs).unref();
}

const directory = process.env['LOOP_WATCH_DIR'];
if (directory !== undefined) watch(join(directory, `${process.pid}`));
