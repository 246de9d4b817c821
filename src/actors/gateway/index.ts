/** The public face of the gateway. */
export { Gateway, gatewaySpawnOptions } from './gateway.ts';
export { gatewayActorId } from './messages.ts';
export type { Call, CallAnswer, GatewayMessage } from './messages.ts';
export type { GatewayPace } from './pace.ts';
