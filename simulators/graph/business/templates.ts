import { GraphError } from '../graph-error.ts';

export const TEMPLATE_STATUSES = ['PENDING', 'APPROVED', 'REJECTED', 'PAUSED', 'DISABLED'] as const;
export type TemplateStatus = (typeof TEMPLATE_STATUSES)[number];

export interface Template {
  id: string;
  name: string;
  language: string;
  category: string;
  status: TemplateStatus;
  components: unknown[];
}

/** Most that a WhatsApp Business account may have. */
const LIMIT = 250;

/** The message templates of one WhatsApp Business account; a name and a language together are unique. */
export class Templates {
  readonly #all: Template[] = [];

  add(template: Omit<Template, 'status'>): Template {
    if (this.#all.length >= LIMIT) throw new GraphError(100, `An account may have ${LIMIT} templates.`);
    if (this.find(template.name, template.language)) {
      throw new GraphError(100, `The template ${template.name} exists in ${template.language}.`, { subcode: 2388024 });
    }
    const added: Template = { ...template, status: 'PENDING' };
    this.#all.push(added);
    return added;
  }

  find(name: string, language: string): Template | undefined {
    return this.#all.find((template) => template.name === name && template.language === language);
  }

  list(name?: string): Template[] {
    return this.#all.filter((template) => name === undefined || template.name === name);
  }

  /** Removes all languages of a name. */
  remove(name: string): void {
    const kept = this.#all.filter((template) => template.name !== name);
    if (kept.length === this.#all.length) throw new GraphError(100, `There is no template ${name}.`);
    this.#all.splice(0, this.#all.length, ...kept);
  }
}
