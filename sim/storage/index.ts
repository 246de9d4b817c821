/** Simulated storage. */
export { SimStorage } from './sim-storage.ts';
export type { SimStorageOptions } from './sim-storage.ts';
export { SimEngineHost, engineFaultKinds } from './sim-engine.ts';
export type { EngineFault, KeyFilter } from './sim-engine.ts';
export { SimFiles, fileFaultKinds } from './sim-files.ts';
export type { FileFault } from './sim-files.ts';
export { SimDevice } from './sim-device.ts';
export type { NextRandom, Schedule } from './sim-device.ts';
