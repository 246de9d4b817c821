/** The public face of the HTTP door. */
export { createHttpDoor } from './http-door.ts';
export type { HttpDoor, HttpDoorOptions } from './http-door.ts';
export { tokenChecker } from './token.ts';
export { WrongTokens } from './wrong-tokens.ts';
