import { describe, expect, it } from 'vitest';
import { findingOf, judgeTrouble } from '../../lambdas/domain/device-trouble.ts';

const MINUTE = 60_000;
const at = (minutes: number) => new Date(minutes * MINUTE).toISOString();

describe('what is done about a device that is unwell', () => {
  const unwell = { isWell: false, canRestart: true };

  it.each([
    ['it is and was well', undefined, { isWell: true, canRestart: false }, 0, 'well'],
    ['it is well again', { since: at(0), restarts: 2 }, { isWell: true, canRestart: false }, 60, 'recovered'],
    ['it has just begun', undefined, unwell, 0, 'waiting'],
    ['it may pass', { since: at(0), restarts: 0 }, unwell, 20, 'waiting'],
    ['it lasts', { since: at(0), restarts: 0 }, unwell, 30, 'restarting'],
    ['a restart is recent', { since: at(0), restarts: 1, restartedAt: at(30) }, unwell, 60, 'waiting'],
    ['a restart did not help', { since: at(0), restarts: 1, restartedAt: at(30) }, unwell, 75, 'restarting'],
    ['three did not', { since: at(0), restarts: 3, restartedAt: at(120) }, unwell, 180, 'down'],
    ['none can', { since: at(0), restarts: 0 }, { isWell: false, canRestart: false }, 30, 'down'],
  ] as const)('%s', (_, before, finding, minutes, state) => {
    expect(judgeTrouble(before, finding, minutes * MINUTE)).toMatchObject({ state, restart: state === 'restarting' });
  });

  it('keeps count', () => {
    expect(judgeTrouble({ since: at(0), restarts: 1, restartedAt: at(30) }, unwell, 90 * MINUTE).trouble).toEqual({
      since: at(0),
      restarts: 2,
      restartedAt: at(90),
    });
  });
});

describe('whom a device’s health blames', () => {
  const node = (address: string, status: string | undefined, role: string | undefined) => ({
    name: `${address}:container`,
    status,
    role,
  });

  it.each([
    [
      'a single device',
      [{ name: 'device', status: 'disconnected', role: undefined }],
      1,
      { role: 'coreapp', addresses: [] },
    ],
    [
      'a container without an answer, whatever it is',
      [node('10.0.0.1', 'connected', 'coreapp'), node('10.0.0.2', undefined, undefined)],
      1,
      { role: 'coreapp', addresses: ['10.0.0.2'] },
    ],
    [
      'the coreapps that are not connected, where too few are',
      [
        node('10.0.0.1', 'connected', 'coreapp'),
        node('10.0.0.2', 'disconnected', 'coreapp'),
        node('10.0.0.3', 'disconnected', 'secondary_master'),
        node('10.0.0.4', 'connected', 'primary_master'),
      ],
      2,
      { role: 'coreapp', addresses: ['10.0.0.2'] },
    ],
    [
      'a master, where the coreapps are connected as they should be',
      [
        node('10.0.0.1', 'connected', 'coreapp'),
        node('10.0.0.2', 'disconnected', 'coreapp'),
        node('10.0.0.3', 'disconnected', 'primary_master'),
      ],
      1,
      { role: 'master', addresses: ['10.0.0.3'] },
    ],
    [
      'nobody, where more coreapps are connected than should be',
      [node('a', 'connected', 'coreapp'), node('b', 'connected', 'coreapp')],
      1,
      undefined,
    ],
    ['nobody, where the number is signed off', [node('a', 'unregistered', 'coreapp')], 1, undefined],
    ['any coreapp, where there is no container at all', [], 1, { role: 'coreapp', addresses: [] }],
  ])('%s', (_, nodes, needed, blame) => {
    const finding = findingOf(nodes, 'something is wrong', needed);
    expect(finding.isWell).toBe(false);
    expect(finding.blame).toEqual(blame);
    expect(finding.problem).not.toBe('');
  });

  it('nobody, when all is well', () => {
    expect(findingOf([node('a', 'connected', 'coreapp')], undefined, 1)).toEqual({ isWell: true, problem: '' });
  });
});
