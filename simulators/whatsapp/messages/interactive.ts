import { ApiError } from '../http/errors.ts';
import { array, type Check, type Checked, invalid, object, oneOf, optional, ShapeError, string } from '../shape.ts';
import { MEDIA_CONTENT } from './media.ts';

const MOST_BUTTONS = 3;
const MOST_SECTIONS = 10;
const MOST_ROWS = 10;

const header = object({
  type: oneOf('text', 'image', 'video', 'document'),
  text: optional(string({ max: 60 })),
  image: optional(MEDIA_CONTENT.image),
  video: optional(MEDIA_CONTENT.video),
  document: optional(MEDIA_CONTENT.document),
});

const buttonTitle: Check<string> = (value, path) => {
  const title = string({ max: 20 })(value, path);
  if (/\p{Extended_Pictographic}/u.test(title)) throw invalid(path, 'must not contain emoji');
  return title;
};

const button = object({ type: oneOf('reply'), reply: object({ id: string({ max: 256 }), title: buttonTitle }) });

const row = object({
  id: string({ max: 200 }),
  title: string({ max: 24 }),
  description: optional(string({ min: 0, max: 72 })),
});

const section = object({
  title: optional(string({ max: 24 })),
  rows: optional(array(row)),
  product_items: optional(array(object({ product_retailer_id: string() }), { min: 1, max: 30 })),
});

const action = object({
  button: optional(string({ max: 20 })),
  buttons: optional(array(button)),
  sections: optional(array(section)),
  catalog_id: optional(string()),
  product_retailer_id: optional(string()),
});

const shape = object({
  type: oneOf('button', 'list', 'product', 'product_list'),
  header: optional(header),
  body: optional(object({ text: string({ max: 1024 }) })),
  footer: optional(object({ text: string({ max: 60 }) })),
  action,
});
export type InteractiveContent = Checked<typeof shape>;
type Rule = (content: InteractiveContent, path: string) => void;

/** Buttons, lists and products: the shape first, then the rules of each type. */
export const interactiveContent: Check<InteractiveContent> = (value, path) => {
  const content = shape(value, path);
  if (content.type !== 'product') required(content.body, `${path}.body`);
  const given = content.header;
  if (given !== undefined && given[given.type] === undefined) {
    throw new ApiError(2036, `${path}.header.${given.type} is required`);
  }
  RULES[content.type](content, path);
  return content;
};

const RULES: Record<InteractiveContent['type'], Rule> = {
  button({ action: { buttons } }, path) {
    const given = required(buttons, `${path}.action.buttons`);
    if (given.length < 1 || given.length > MOST_BUTTONS) {
      throw invalid(`${path}.action.buttons`, `takes 1 to ${MOST_BUTTONS} buttons`);
    }
    unique(
      given.map(({ reply }) => reply.id),
      `${path}.action.buttons`,
    );
  },
  list({ header: given, action: { button: label, sections } }, path) {
    required(label, `${path}.action.button`);
    if (given !== undefined && given.type !== 'text') {
      throw new ApiError(2036, `${path}.header: a list takes a text header only`);
    }
    const all = checkSections(sections, path);
    const rows = all.flatMap((one) => one.rows ?? []);
    if (rows.length < 1 || rows.length > MOST_ROWS || all.some((one) => (one.rows ?? []).length === 0)) {
      throw new ApiError(2016, `${path}.action.sections: 1 to ${MOST_ROWS} rows in all, none of them empty`);
    }
    unique(
      rows.map(({ id }) => id),
      `${path}.action.sections`,
    );
  },
  product({ action: given }, path) {
    required(given.catalog_id, `${path}.action.catalog_id`);
    required(given.product_retailer_id, `${path}.action.product_retailer_id`);
  },
  product_list({ header: given, action: { catalog_id, sections } }, path) {
    required(catalog_id, `${path}.action.catalog_id`);
    if (given?.type !== 'text') throw new ApiError(2036, `${path}.header: a product list needs a text header`);
    for (const one of checkSections(sections, path)) required(one.product_items, `${path}.action.sections`);
  },
};

function checkSections(sections: InteractiveContent['action']['sections'], path: string) {
  const given = required(sections, `${path}.action.sections`);
  if (given.length < 1 || given.length > MOST_SECTIONS) {
    throw new ApiError(2015, `${path}.action.sections: 1 to ${MOST_SECTIONS}`);
  }
  if (given.length > 1) for (const one of given) required(one.title, `${path}.action.sections: title`);
  return given;
}

function required<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new ShapeError('missing', path, 'is required');
  return value;
}

function unique(ids: string[], path: string): void {
  if (new Set(ids).size !== ids.length) throw invalid(path, 'ids must differ');
}
