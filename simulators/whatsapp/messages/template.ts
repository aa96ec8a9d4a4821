import {
  array,
  type Check,
  type Checked,
  number,
  numeric,
  object,
  oneOf,
  optional,
  ShapeError,
  string,
} from '../shape.ts';
import { MEDIA_CONTENT } from './media.ts';

const parameterShape = object({
  type: oneOf('text', 'currency', 'date_time', 'image', 'video', 'document', 'payload'),
  text: optional(string({ min: 0 })),
  currency: optional(object({ fallback_value: string(), code: string({ min: 3, max: 3 }), amount_1000: number() })),
  date_time: optional(
    object({
      fallback_value: string(),
      day_of_week: optional(numeric()),
      day_of_month: optional(numeric()),
      year: optional(numeric()),
      month: optional(numeric()),
      hour: optional(numeric()),
      minute: optional(numeric()),
      timestamp: optional(numeric()),
      calendar: optional(string()),
    }),
  ),
  image: optional(MEDIA_CONTENT.image),
  video: optional(MEDIA_CONTENT.video),
  document: optional(MEDIA_CONTENT.document),
  payload: optional(string({ max: 128 })),
});

/** A parameter carries the object that its type names. */
const parameter: Check<Checked<typeof parameterShape>> = (value, path) => {
  const checked = parameterShape(value, path);
  if (checked[checked.type] === undefined) throw new ShapeError('missing', `${path}.${checked.type}`, 'is required');
  return checked;
};

const componentShape = object({
  type: oneOf('header', 'body', 'button', 'footer'),
  sub_type: optional(oneOf('quick_reply', 'url')),
  index: optional(string({ pattern: /^\d$/, expected: 'a digit in a string' })),
  parameters: optional(array(parameter)),
});

const component: Check<Checked<typeof componentShape>> = (value, path) => {
  const checked = componentShape(value, path);
  if (checked.type !== 'button') return checked;
  if (checked.sub_type === undefined) throw new ShapeError('missing', `${path}.sub_type`, 'is required');
  if (checked.index === undefined) throw new ShapeError('missing', `${path}.index`, 'is required');
  return checked;
};

/** Unlike the Cloud API, the container wants `namespace` and `language.policy`. */
export const templateContent = object({
  namespace: string(),
  name: string(),
  language: object({ policy: oneOf('deterministic'), code: string() }),
  components: optional(array(component)),
});
export type TemplateContent = Checked<typeof templateContent>;

const hsmShape = object({
  namespace: string(),
  element_name: string(),
  language: object({ policy: oneOf('deterministic', 'fallback'), code: string() }),
  localizable_params: optional(array(object({ default: string({ min: 0 }) }))),
});

/** The older form of a template message, read as the newer one. */
export const hsmContent: Check<TemplateContent> = (value, path) => {
  const { namespace, element_name: name, language, localizable_params: values = [] } = hsmShape(value, path);
  const parameters = values.map((one) => ({ type: 'text' as const, text: one.default }));
  return templateContent(
    {
      namespace,
      name,
      language: { policy: 'deterministic', code: language.code },
      components: [{ type: 'body', parameters }],
    },
    path,
  );
};
