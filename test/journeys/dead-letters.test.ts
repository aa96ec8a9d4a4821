import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../bin/dead-letters/run.ts';
import { CallbackReceiver } from './support/callbacks.ts';
import { createClient } from './support/client.ts';
import { gateway } from './support/gateway.ts';
import { createSender } from './support/senders.ts';
import { control, Phone } from './support/simulator.ts';

describe('Dead letters', () => {
  const client = createClient();
  let customer: CallbackReceiver;
  beforeAll(async () => {
    customer = await CallbackReceiver.start();
  });
  afterAll(() => customer.stop());

  /** `npm run -s dead-letters -- …`, with what it printed as JSON. */
  async function deadLetters(...words: string[]) {
    const printed: string[] = [];
    const complaints: string[] = [];
    const status = await runDeadLetters([...words, '--json'], {
      environment: {
        SWITCHBOARD_URL: gateway.url,
        SWITCHBOARD_ACCOUNT_SID: gateway.accountSid,
        SWITCHBOARD_AUTH_TOKEN: gateway.authToken,
      },
      localFile: '',
      print: (line) => printed.push(line),
      complain: (line) => complaints.push(line),
      now: () => Date.now(),
    });
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
    return printed.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  const reached = (sid: string, status: string) =>
    customer.waitFor(({ parameters }) => parameters['MessageSid'] === sid && parameters['MessageStatus'] === status);

  it('a message whose device was out of order until its time was up is sent when somebody redrives it', async () => {
    const device = await createSender();
    const phone = new Phone();
    await phone.write({ to: device.number, text: 'Hi' });
    const match = { device: device.number, path: '/v1/messages', method: 'POST' };
    await control('POST', '/faults', { match, action: { httpStatus: 500, errorCode: 1014, title: 'Internal error' } });
    const { sid } = await client.messages.create({
      from: device.address,
      to: phone.address,
      body: 'Late but here',
      validityPeriod: 3,
      statusCallback: customer.url('/status'),
    });
    await reached(sid, 'failed');

    const found = (await deadLetters('list', '--queue', 'outbound', '--all')).filter(
      ({ message_sid }) => message_sid === sid,
    );
    expect(found).toMatchObject([{ kind: 'outbound', sender_sid: device.sid, account_sid: gateway.accountSid }]);
    const letter = String(found[0]?.['sid']);
    expect(JSON.stringify(await deadLetters('show', letter))).not.toMatch(new RegExp(`Late but here|${phone.number}`));

    await control('DELETE', `/faults?device=${device.number}`);
    expect(await deadLetters('redrive', letter)).toEqual([{ redriven: 1, already_sent: 0, refused: [] }]);
    await reached(sid, 'read');
    expect((await phone.arrived(1)).map(({ text }) => text)).toEqual(['Late but here']);

    const timeline = await fetch(
      `${gateway.url}/2010-04-01/Accounts/${gateway.accountSid}/Messages/${sid}/Timeline.json`,
      {
        headers: {
          authorization: `Basic ${Buffer.from(`${gateway.accountSid}:${gateway.authToken}`).toString('base64')}`,
        },
      },
    );
    const events = JSON.stringify(await timeline.json()).match(/(?<="event":")[\w-]+/g) ?? [];
    expect(events.filter((event) => ['queued', 'failed', 'redriven', 'sent', 'read'].includes(event))).toEqual([
      'queued',
      'failed',
      'redriven',
      'sent',
      'read',
    ]);
    expect(await client.messages(sid).fetch()).toMatchObject({ status: 'read', errorCode: null });
    expect((await deadLetters('list', '--all')).filter(({ message_sid }) => message_sid === sid)).toEqual([]);
  });
});
