/** Imported into a node under test: writes down how long its event loop was blocked at most, for who tests it to read. */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const everyMs = 100;
const path = process.env['LOOP_WATCH_FILE'];

if (path !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: 10 });
  histogram.enable();
  setInterval(() => {
    // Whole or not at all, whenever it is read.
    writeFileSync(`${path}.new`, String(Math.round(histogram.max / 1e6)));
    renameSync(`${path}.new`, path);
    histogram.reset();
  }, everyMs).unref();
}
