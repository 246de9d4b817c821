/** What the package offers to programs: a broker inside their own process. Its code is loaded with this module, so that a start is quick. */
export { startBroker, type Broker, type BrokerOptions } from './node/embedded.ts';
