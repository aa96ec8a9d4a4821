import { type ErrorEntry, errorEntry } from '../http/errors.ts';
import type { TemplateContent } from '../messages/template.ts';

/** An approved (or not) message template. `{{1}}` in its texts stands for a parameter. */
export interface Template {
  name: string;
  language: string;
  status: 'approved' | 'pending' | 'rejected' | 'paused' | 'disabled';
  header?: { format: 'text' | 'image' | 'video' | 'document'; text?: string | undefined } | undefined;
  body: string;
  footer?: string | undefined;
  buttons?: { type: 'quick_reply' | 'url'; text: string; url?: string | undefined }[] | undefined;
}

/** What every sandbox has, so that a first template message needs no preparation. */
const SANDBOX_TEMPLATES: Template[] = [
  { name: 'hello_world', language: 'en_US', status: 'approved', body: 'Hello, and welcome to the sandbox.' },
  { name: 'hello_world', language: 'de', status: 'approved', body: 'Hallo und willkommen in der Sandbox.' },
  {
    name: 'order_update',
    language: 'en_US',
    status: 'approved',
    body: 'Your order {{1}} will arrive on {{2}}.',
    footer: 'Reply STOP to get no more updates',
  },
  {
    name: 'appointment_reminder',
    language: 'en_US',
    status: 'approved',
    header: { format: 'text', text: 'Appointment with {{1}}' },
    body: 'Hi {{1}}, we expect you on {{2}} at {{3}}.',
    buttons: [
      { type: 'quick_reply', text: 'Confirm' },
      { type: 'quick_reply', text: 'Cancel' },
    ],
  },
  {
    name: 'delivery_photo',
    language: 'en_US',
    status: 'approved',
    header: { format: 'image' },
    body: 'Your parcel {{1}} has been delivered.',
    buttons: [{ type: 'url', text: 'Details', url: 'https://example.com/parcels/{{1}}' }],
  },
  { name: 'one_time_code', language: 'en_US', status: 'approved', body: 'Your code is {{1}}.' },
];

const REFUSALS: Record<Template['status'], number | undefined> = {
  approved: undefined,
  pending: 2001,
  rejected: 2060,
  paused: 2061,
  disabled: 2062,
};

/** What a template message becomes on the phone, or why it fails. */
export type TemplateVerdict = { text: string } | { error: ErrorEntry };

/** The templates that the simulated network knows, by name and language. */
export class Templates {
  readonly #templates = new Map<string, Template>();

  constructor() {
    for (const template of SANDBOX_TEMPLATES) this.put(template);
  }

  put(template: Template): void {
    this.#templates.set(keyOf(template.name, template.language), template);
  }

  list(): Template[] {
    return [...this.#templates.values()];
  }

  /** Judges as the network does, after the message was accepted. */
  judge(content: TemplateContent): TemplateVerdict {
    const { name, language } = content;
    const template = this.#templates.get(keyOf(name, language.code));
    if (template === undefined) return { error: errorEntry(2001, `${name} does not exist in ${language.code}`) };
    const refusal = REFUSALS[template.status];
    if (refusal !== undefined) return { error: errorEntry(refusal, `${name} is ${template.status}`) };
    const error = headerError(template, content) ?? bodyError(template, content) ?? buttonError(template, content);
    if (error !== undefined) return { error };
    const values = parametersOf(content, 'body').map(shownValue);
    const text = template.body.replaceAll(/\{\{(\d+)\}\}/g, (_, index) => values[Number(index) - 1] ?? '');
    return [...text].length > 1024 ? { error: errorEntry(2005) } : { text };
  }
}

type Parameter = NonNullable<NonNullable<TemplateContent['components']>[number]['parameters']>[number];

function keyOf(name: string, language: string): string {
  return `${name}/${language}`;
}

function parametersOf(content: TemplateContent, type: string): Parameter[] {
  return content.components?.find((component) => component.type === type)?.parameters ?? [];
}

/** How many parameters a text has: the highest number in braces. */
function placeholders(text: string): number {
  return Math.max(0, ...[...text.matchAll(/\{\{(\d+)\}\}/g)].map((match) => Number(match[1])));
}

function shownValue(parameter: Parameter): string {
  return (
    parameter.text ??
    parameter.currency?.fallback_value ??
    parameter.date_time?.fallback_value ??
    parameter.payload ??
    ''
  );
}

function countError(part: string, expected: number, given: number): ErrorEntry | undefined {
  if (expected === given) return undefined;
  return errorEntry(2000, `${part}: number of localizable_params (${given}) does not match the expected (${expected})`);
}

function headerError(template: Template, content: TemplateContent): ErrorEntry | undefined {
  const given = parametersOf(content, 'header');
  const { format = 'text', text = '' } = template.header ?? {};
  if (format === 'text') return countError('header', placeholders(text), given.length);
  if (given.length === 0) return errorEntry(2009, `header: ${format} is missing`);
  if (given[0]?.type !== format) return errorEntry(2012, `header: expected ${format}`);
  return countError('header', 1, given.length);
}

function bodyError(template: Template, content: TemplateContent): ErrorEntry | undefined {
  const given = parametersOf(content, 'body');
  const wrongCount = countError('body', placeholders(template.body), given.length);
  if (wrongCount !== undefined) return wrongCount;
  const odd = given.find(({ type }) => !['text', 'currency', 'date_time'].includes(type));
  if (odd !== undefined) return errorEntry(2012, `body: ${odd.type} is not allowed`);
  // The network refuses values that would let a template be laid out anew.
  if (given.some((parameter) => /[\n\t]| {4,}/.test(shownValue(parameter)))) return errorEntry(2006);
  return undefined;
}

function buttonError(template: Template, content: TemplateContent): ErrorEntry | undefined {
  const buttons = template.buttons ?? [];
  for (const component of content.components ?? []) {
    if (component.type !== 'button') continue;
    const button = buttons[Number(component.index)];
    if (button === undefined) return errorEntry(2000, `button ${component.index}: the template has no such button`);
    if (button.type !== component.sub_type) return errorEntry(2012, `button ${component.index}: is a ${button.type}`);
  }
  const filled = new Set(content.components?.map(({ index }) => Number(index)));
  const empty = buttons.findIndex(({ type, url }, index) => {
    return type === 'url' && placeholders(url ?? '') > 0 && !filled.has(index);
  });
  return empty < 0 ? undefined : errorEntry(2009, `button ${empty}: its URL needs a parameter`);
}
