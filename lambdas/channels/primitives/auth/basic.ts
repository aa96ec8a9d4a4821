import * as z from 'zod';
import type { CompileAuth } from './scheme.ts';

export const basicSchema = z
  .strictObject({
    scheme: z.literal('basic').describe('HTTP Basic'),
    username: z.string().describe('`{% sender.fields.username %}`'),
    password: z.string().describe('`{% sender.secrets.password %}`'),
  })
  .describe('HTTP Basic');

/** HTTP Basic (RFC 7617), in UTF-8. */
export const compileBasic: CompileAuth<z.infer<typeof basicSchema>> = (spec, { compiler, path, scope }) => {
  const username = compiler.template(spec.username, [...path, 'username'], scope);
  const password = compiler.template(spec.password, [...path, 'password'], scope);
  return async (request, roots) => {
    const [name, secret] = await Promise.all([username.run(roots), password.run(roots)]);
    const credentials = Buffer.from(`${name ?? ''}:${secret ?? ''}`).toString('base64');
    return { ...request, headers: { ...request.headers, Authorization: `Basic ${credentials}` } };
  };
};
