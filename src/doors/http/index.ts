/** The public face of the HTTP door. */
export { createHttpDoor, httpDoorActorId } from './http-door.ts';
export type { HttpDoor, HttpDoorOptions } from './http-door.ts';
