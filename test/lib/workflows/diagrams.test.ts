import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEFINITIONS } from './definitions.ts';
import { diagramOf, tableOf } from './diagram.ts';

const PAGE = fileURLToPath(new URL('../../../docs/registration.md', import.meta.url));
const page = readFileSync(PAGE, 'utf8');

/** The page with what it shows of a workflow made anew. */
function withGraph(text: string, [name, definition]: [string, (typeof DEFINITIONS)[keyof typeof DEFINITIONS]]): string {
  const graph = ['', '```mermaid', diagramOf(definition), '```', '', tableOf(definition), ''].join('\n');
  const block = new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`);
  return text.replace(block, (_all, begin: string, end: string) => `${begin}${graph}${end}`);
}

describe('the page about registrations', () => {
  it.each(Object.keys(DEFINITIONS))('has a place for the graph of %s', (name) => {
    expect(page).toMatch(new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`));
  });

  // `npx vitest run --project unit test/lib/workflows -u` writes the graphs anew.
  it('shows the workflows as they are deployed', async () => {
    await expect(Object.entries(DEFINITIONS).reduce(withGraph, page)).toMatchFileSnapshot(PAGE);
  });
});

describe('a diagram', () => {
  it('has every state, and every way from one to another', () => {
    const diagram = diagramOf(DEFINITIONS.RegisterCloudNumber);
    for (const name of Object.keys(DEFINITIONS.RegisterCloudNumber.States)) expect(diagram).toContain(name);
    expect(diagram).toContain('CodeAccepted --> |wrong| WaitForCode');
    expect(diagram).toContain('WaitForCode --> |time is up| NobodyGaveCode');
    expect(diagram).toContain('failure0>"any other step fails for good"] -.-> RecordFailure');
  });
});
