import { StateMachine } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import { chain, choose, type State, type TaskState } from '../../../lib/senders/workflows/states.ts';
import { tasksOf } from '../../../lib/senders/workflows/tasks.ts';
import { DEFINITIONS, FUNCTIONS } from './definitions.ts';

const isTask = (state: State): state is TaskState => state.Type === 'Task';
const everyState = Object.entries(DEFINITIONS).flatMap(([machine, { States }]) =>
  Object.entries(States).map(([name, state]) => ({ machine, name, state: state as State })),
);
const everyTask = everyState.flatMap(({ state, ...where }) => (isTask(state) ? [{ ...where, state }] : []));

/** The states that can follow one. */
function following(state: State): string[] {
  if (state.Type === 'Choice') return state.Choices.map(({ Next }) => Next);
  const caught = isTask(state) ? (state.Catch ?? []).map(({ Next }) => Next) : [];
  return 'Next' in state && state.Next ? [state.Next, ...caught] : caught;
}

describe('every workflow', () => {
  it.each(Object.entries(DEFINITIONS))('%s is valid Amazon States Language', (_name, definition) => {
    expect(() => new StateMachine(definition as never)).not.toThrow();
  });

  it.each(Object.entries(DEFINITIONS))('%s has no state that cannot be reached', (_name, { StartAt, States }) => {
    const reached = new Set([StartAt]);
    for (const name of reached) for (const next of following(States[name] as State)) reached.add(next);
    expect([...reached].sort()).toEqual(Object.keys(States).sort());
  });

  it.each(everyState)('$machine: $name says what happens, in a sentence', ({ state }) => {
    expect(state.Comment).toMatch(/^[A-Z].{4,}\.$/);
  });

  it.each(everyTask)('$machine: $name ends in time, and never repeats what was refused', ({ name, state }) => {
    expect(state.TimeoutSeconds).toBeGreaterThanOrEqual(name === 'WaitForCode' ? 86_400 : 60);
    expect(state.Retry[0]).toMatchObject({ MaxAttempts: 0 });
    expect(state.Retry[0]?.ErrorEquals).toContain('RegistrationRefused');
    const others = state.Retry[1];
    expect(others).toMatchObject({ ErrorEquals: ['States.ALL'], BackoffRate: 2, JitterStrategy: 'FULL' });
    expect(others?.MaxAttempts).toBeGreaterThanOrEqual(6);
  });

  it.each(everyTask)('$machine: $name says which step of which function it is', ({ name, state }) => {
    const payload = state.Resource.startsWith('arn:aws:lambda:') ? state.Parameters : state.Parameters['Payload'];
    expect(payload).toMatchObject({
      'accountSid.$': '$.accountSid',
      'senderSid.$': '$.senderSid',
      'executionArn.$': '$$.Execution.Id',
    });
    const step = String((payload as { step: string }).step);
    const otherwise = {
      TrimContainers: 'StartContainers',
      RestoreContainers: 'StartContainers',
      RecordDeviceFailure: 'RecordFailure',
      RecordUndoFailure: 'RecordFailure',
    };
    expect(step).toBe({ ...otherwise }[name as keyof typeof otherwise] ?? name.replace(/^Undo/, ''));
    const containers = /Containers$|Stopped$|Erase|MediaVolume$|Database$/.test(step);
    expect(JSON.stringify(state)).toContain(containers ? FUNCTIONS.fleet : FUNCTIONS.register);
  });

  it('ends by itself, and sooner than timers of 32 bits overflow', () => {
    for (const { TimeoutSeconds } of Object.values(DEFINITIONS)) expect(TimeoutSeconds * 1000).toBeLessThan(2 ** 31);
  });

  it('cannot be made of two states with one name, or of one that leads nowhere', () => {
    const [one] = [tasksOf(FUNCTIONS.register, { timeoutSeconds: 1, retry: { MaxAttempts: 0 } }).task('One', 'One.')];
    expect(() => chain('Twice.', 1, [one, one])).toThrow('Two states are called One.');
    expect(() => chain('Open.', 1, [one, ['Wait', { Type: 'Wait', Comment: 'W.', SecondsPath: '$.s' }]])).toThrow(
      'The last state must be a task or a failure.',
    );
    expect(chain('Choice.', 1, [one, choose('Well?', 'Well.', { yes: 'One' })]).States['One']).toMatchObject({
      Next: 'Well?',
    });
  });
});
