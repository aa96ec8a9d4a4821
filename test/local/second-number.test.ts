import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sender } from '../../local/customer.ts';
import type { FleetTask } from '../../local/fleet/view.ts';
import { close, listen } from '../../local/listen.ts';
import { registerSecondNumber } from '../../local/second-number.ts';
import type { StateEvent } from '../../local/step-functions/execution.ts';

describe('The second number', () => {
  let phone: Server;
  let url: string;
  let device: object;

  beforeEach(async () => {
    device = { number: '15550002222', code: '654321' };
    phone = createServer((_request, response) => response.end(JSON.stringify({ devices: [device] })));
    url = `http://127.0.0.1:${await listen(phone, 0)}`;
  });

  afterEach(async () => {
    await close(phone);
  });

  /** Registers it with a gateway that shows these, one after the other. */
  async function register(shown: Partial<Sender>[], states: string[]) {
    const printed: string[] = [];
    const codes: string[] = [];
    const events = states.map((state): StateEvent => ({ event: 'entered', state, at: Date.now() - 1 }));
    const web = { role: 'web', url } as FleetTask;
    const online = await registerSecondNumber({
      customer: {
        beginRegistration: async () => 'XE1',
        giveCode: async (_sid, code) => void codes.push(code),
        sender: async () => ({ sid: 'XE1', status: 'OFFLINE', ...shown.shift() }),
      },
      stack: { executions: () => [{ name: 'XE1-1', events }], fleet: { tasks: () => [web] } },
      number: '15550002222',
      print: (line) => printed.push(line.trim().replace(/^\d+\.\d\d s +/, '')),
      signal: new AbortController().signal,
    });
    return { online, printed, codes };
  }

  it('shows each state once, and gives the code that its phone shows, once', async () => {
    const statuses = ['CREATING', 'PENDING_VERIFICATION', 'PENDING_VERIFICATION', 'ONLINE'];
    const { online, printed, codes } = await register(
      statuses.map((status) => ({ status })),
      ['CheckDevice', 'DeviceHealthy?', 'WaitForDevice', 'CheckDevice', 'LogIn'],
    );
    expect(online).toBe(true);
    expect(codes).toEqual(['654321']);
    expect(printed).toEqual([
      'CheckDevice',
      'WaitForDevice',
      'LogIn',
      'the phone shows the code 654321, and it is given',
      'whatsapp:+15550002222 is ONLINE, on one container',
    ]);
  });

  it('says why it is not online', async () => {
    const { online, printed } = await register(
      [{ status: 'OFFLINE', offline_reasons: [{ message: 'CheckDisplayName: declined. Choose another one.' }] }],
      ['CheckDisplayName'],
    );
    expect(online).toBe(false);
    expect(printed.at(-1)).toBe('OFFLINE: CheckDisplayName: declined. Choose another one.');
  });
});
