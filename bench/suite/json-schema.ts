/** bench/result.schema.json, made from the one definition in result.ts. */
import { z } from 'zod';
import { reportSchema } from './result.ts';

export function jsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, { target: 'draft-2020-12' });
  const titled = { ...schema, title: 'Result file of npm run bench' };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
