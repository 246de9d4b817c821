/** `node dist/bench/write-schema.js`: brings bench/result.schema.json up to date. */
import { writeFileSync } from 'node:fs';
import { jsonSchema } from './suite/json-schema.ts';

writeFileSync(new URL('../../bench/result.schema.json', import.meta.url), jsonSchema());
