/** The public face of the gateway. */
export { Gateway, gatewaySpawnOptions } from './gateway.ts';
export type { GatewayOptions } from './gateway.ts';
export { gatewayActorId } from './messages.ts';
export type { Call, CallAnswer, CallValue, GatewayCall, GatewayMessage } from './messages.ts';
export { defaultPace } from './pace.ts';
export type { GatewayPace } from './pace.ts';
