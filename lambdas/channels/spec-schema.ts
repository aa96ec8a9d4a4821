import * as z from 'zod';
import { channelSpecSchema } from './spec.ts';

const LINE_WIDTH = 120;
const TEXT = '"(?:[^"\\\\\\n]|\\\\.)*"';
const LIST_OF_TEXTS = new RegExp(`\\[\\n\\s+(${TEXT}(?:,\\n\\s+${TEXT})*)\\n\\s+\\](,?)`, 'g');

/** `specs/schema/channel.schema.json`: what editors complete and explain specs with, laid out as the repository's formatter does. */
export function specSchemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(channelSpecSchema, { io: 'input', target: 'draft-07' });
  const whole = {
    $schema,
    $comment: 'Generated from lambdas/channels/spec.ts by `npm run -s channel -- schema`; do not edit.',
    title: 'Switchboard channel spec',
    ...schema,
  };
  const text = JSON.stringify(whole, null, 2).replace(
    LIST_OF_TEXTS,
    (list, items: string, comma: string, offset, all) => {
      const line = `[${items.replace(/\n\s+/g, ' ')}]${comma}`;
      const indent = offset - all.lastIndexOf('\n', offset) - 1;
      return indent + line.length <= LINE_WIDTH ? line : list;
    },
  );
  return `${text}\n`;
}
