export { Admin, type AdminOptions } from './admin.ts';
export { adminActorId, type AdminMessage } from './messages.ts';
export type { AdminPort, DirectoryReport } from './port.ts';
