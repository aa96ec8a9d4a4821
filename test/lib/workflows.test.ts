import { describe, expect, it } from 'vitest';
import { retireNumber } from '../../lib/senders/workflows/retire-number.ts';
import type { State } from '../../lib/senders/workflows/states.ts';
import { updateNumber } from '../../lib/senders/workflows/update-number.ts';
import { DEFINITIONS, FUNCTIONS } from './workflows/definitions.ts';
import { PATHS, refused, UNDO, WELL } from './workflows/paths.ts';
import { run, thrown } from './workflows/run.ts';

const isTask = (state: State) => state.Type === 'Task';

describe('a workflow', () => {
  it.each(PATHS)('$machine goes its way: $title', async ({ machine, script = {}, path, fails }) => {
    const { path: gone, outcome } = await run(DEFINITIONS[machine], { ...WELL, ...script });
    expect(gone).toEqual(path);
    if (fails === undefined) expect(outcome).toBe('succeeded');
    else expect(outcome).toMatchObject({ error: 'RegistrationRefused', cause: expect.stringContaining(fails) });
  });

  it('sits out what passes: five failures in a row of every step', async () => {
    const { States } = DEFINITIONS.RegisterDevice;
    const flaky = Object.entries(States).flatMap(([name, state]) =>
      isTask(state as State)
        ? [
            [
              name,
              [...Array(5).fill(thrown('ThrottlingException', 'Slow down.')), ...(WELL[name] ?? [{ outcome: 'done' }])],
            ],
          ]
        : [],
    );
    const { calls, outcome } = await run(DEFINITIONS.RegisterDevice, Object.fromEntries(flaky));
    expect(outcome).toBe('succeeded');
    expect(calls.filter(({ state }) => state === 'LogIn')).toHaveLength(6);
  });

  it('gives up in the end, and undoes everything for trouble as for a refusal', async () => {
    const trouble = thrown('TimeoutError', 'No answer.');
    const { path, calls, outcome } = await run(DEFINITIONS.RegisterDevice, { ...WELL, LogIn: [trouble] });
    expect(calls.filter(({ state }) => state === 'LogIn')).toHaveLength(7);
    expect(path.slice(-UNDO.length)).toEqual(UNDO);
    expect(outcome).toEqual({ error: 'TimeoutError', cause: expect.stringContaining('No answer.') });
  });

  it('says so when it cannot undo everything', async () => {
    const script = {
      ...WELL,
      LogIn: [refused('No.')],
      UndoDropDatabase: [thrown('BadRequestException', 'Access denied.')],
    };
    const { path, calls } = await run(DEFINITIONS.RegisterDevice, script);
    expect(path.slice(-3)).toEqual(['UndoDropDatabase', 'RecordUndoFailure', 'RegistrationFailed']);
    expect(calls.at(-1)?.input).toMatchObject({
      step: 'RecordFailure',
      error: { Cause: expect.stringContaining('denied') },
    });
  });

  it('tells its steps what they need: the token, the code, the error', async () => {
    const { calls } = await run(DEFINITIONS.RegisterDevice, {
      ...WELL,
      SetShards: [refused('Not enough containers.')],
    });
    const told = (state: string) => calls.find((call) => call.state === state)?.input;
    expect(told('WaitForCode')).toMatchObject({
      FunctionName: FUNCTIONS.register,
      Payload: { step: 'WaitForCode', senderSid: 'XE0', taskToken: 'token' },
    });
    expect(told('VerifyCode')).toMatchObject({ step: 'VerifyCode', accountSid: 'AC0', code: '123456' });
    expect(told('RecordFailure')).toMatchObject({
      step: 'RecordFailure',
      error: { Error: 'RegistrationRefused', Cause: expect.stringContaining('Not enough containers.') },
    });
  });

  it('keeps the code no longer than the step that needs it', async () => {
    const { calls } = await run(DEFINITIONS.RegisterDevice, WELL);
    const after = calls.slice(calls.findIndex(({ state }) => state === 'VerifyCode') + 1);
    expect(JSON.stringify(after)).not.toContain('123456');
  });
});

describe('a gateway without devices', () => {
  it('changes and removes numbers without a thought of containers', async () => {
    const { register } = FUNCTIONS;
    const updated = await run(updateNumber({ register }), { ...WELL, BeginUpdate: [{ outcome: 'settings' }] });
    expect(updated.path).toEqual(['BeginUpdate', 'SetProfile', 'GoOnline']);
    const retired = await run(retireNumber({ register }), { ...WELL, Deregister: [{ outcome: 'cloud' }] });
    expect(retired.path).toEqual([
      ...['StopRegistration', 'RegistrationStopped?', 'Deregister', 'ReleasePhoneNumber', 'DeleteSender'],
    ]);
  });
});
