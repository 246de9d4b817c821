/** The public face of the manager. */
export { Manager } from './manager.ts';
export type { ManagerOptions } from './options.ts';
