import type { Definition, State } from '../../../lib/senders/workflows/states.ts';

/** A definition as a Mermaid flowchart: states in their order, a diamond for a choice, a hexagon for a wait. */
export function diagramOf({ States }: Definition): string {
  const states = Object.entries(States);
  return [
    'flowchart TD',
    ...states.flatMap(([name, state]) => shapeOf(name, state)).map((shape) => `  ${shape}`),
    ...states.flatMap(([name, state]) => arrowsOf(name, state)),
    ...failuresOf(states),
  ].join('\n');
}

/** What happens in each state, as the AWS console says it. */
export function tableOf({ States }: Definition): string {
  const rows = Object.entries(States).map(([name, { Comment }]) => `| \`${name}\` | ${Comment} |`);
  return ['| state | what happens |', '| --- | --- |', ...rows].join('\n');
}

const idOf = (name: string) => name.replace('?', '');

/** A task is a plain box, which needs no word of its own. */
function shapeOf(name: string, state: State): string[] {
  if (state.Type === 'Choice') return [`${idOf(name)}{${name}}`];
  if (state.Type === 'Fail') return [`${name}([${name}])`];
  const waits = state.Type === 'Wait' || ('Resource' in state && state.Resource.endsWith('.waitForTaskToken'));
  return waits ? [`${name}{{${name}}}`] : [];
}

function arrowsOf(name: string, state: State): string[] {
  const arrow = (to: string, label?: string) => `  ${idOf(name)} --> ${label ? `|${label}| ` : ''}${idOf(to)}`;
  if (state.Type === 'Choice') return state.Choices.map(({ StringEquals, Next }) => arrow(Next, StringEquals));
  const timeouts = catchersOf(state).filter(({ ErrorEquals }) => ErrorEquals.includes('States.Timeout'));
  return [
    ...('Next' in state && state.Next ? [arrow(state.Next)] : []),
    ...timeouts.map(({ Next }) => arrow(Next, 'time is up')),
  ];
}

/** One arrow for all states that recover in the same way, because one from each would hide the rest. */
function failuresOf(states: [string, State][]): string[] {
  const targets = new Map<string, string[]>();
  for (const [name, state] of states) {
    for (const { ErrorEquals, Next } of catchersOf(state)) {
      if (ErrorEquals.includes('States.ALL')) targets.set(Next, [...(targets.get(Next) ?? []), name]);
    }
  }
  return [...targets].map(([target, from], index) => {
    const isMost = from.length === Math.max(...[...targets.values()].map((names) => names.length));
    const isUndoing = from.every((name) => name.startsWith('Undo'));
    const others = isUndoing ? 'undoing' : from.join(', ');
    const who = isMost ? 'any other step fails for good' : `${others} fails for good`;
    return `  failure${index}>"${who}"] -.-> ${target}`;
  });
}

const catchersOf = (state: State) => (state.Type === 'Task' ? (state.Catch ?? []) : []);
