/** The public face of the health checker. */
export { HealthChecker } from './health-checker.ts';
export type { HealthCheckerOptions } from './health-checker.ts';
