import { expect, it } from 'vitest';
import { readInputs } from '../../lambdas/domain/sender-inputs.ts';

const inputs = {
  fields: {
    wabaId: { description: 'Id', required: true },
    templates: { description: 'Templates', required: false, isList: true },
  },
  secrets: {},
};
const template = { name: 'order_ready', components: [{ type: 'BODY', text: 'Hi' }] };

it.each([
  ['a list, kept as its text', { waba_id: '1', templates: [template] }, { templates: JSON.stringify([template]) }, []],
  ['no list', { waba_id: '1' }, {}, []],
  ['a text for a list', { waba_id: '1', templates: 'x' }, {}, ['configuration.templates: must be an array of objects']],
  ['a list for a text', { waba_id: [template] }, {}, ['configuration.wabaId: must be a text']],
])('takes %s', (_, configuration, fields, mistakes) => {
  const read = readInputs(configuration, inputs, { allowLoopback: false });
  expect(read.mistakes).toEqual(mistakes);
  if (mistakes.length === 0) expect(read.fields).toEqual({ wabaId: '1', ...fields });
});
