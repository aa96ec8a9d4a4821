import * as z from 'zod';
import { allOf, andThen } from '../../expressions/settled.ts';
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
  return (request, roots) =>
    andThen(allOf([username.run(roots), password.run(roots)]), ([name, secret]) => {
      request.headers['Authorization'] = `Basic ${Buffer.from(`${name ?? ''}:${secret ?? ''}`).toString('base64')}`;
      return request;
    });
};
