/** The echo as a process of its own: tells its port to whoever forked it and ends with it. */
import { listen } from './echo.ts';

const { port } = await listen();
process.once('disconnect', () => process.exit(0));
process.send?.(port);
