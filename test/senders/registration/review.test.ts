import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TryAgain } from '../../../lambdas/senders/registration/errors.ts';
import { type Script, startProvider } from '../../support/provider.ts';
import { expectRefusal, failure, startBench } from './support.ts';

/*
 * The display name's review, against a Graph API that says what each case needs.
 */

const bench = await startBench();
const meta = await startProvider();
const graphUrl = `${meta.url}/v25.0`;
afterAll(() => Promise.all([bench.stop(), meta.stop()]));
beforeEach(() => {
  meta.requests.length = 0;
});

const device = () => bench.number({ workflow: 'device', fields: { graphUrl } });

describe('CheckDisplayName', () => {
  const named = (name_status: string): Script => ({ body: { id: '6', name_status, verified_name: 'Shop' } });
  const entered = async (minutesAgo: number) => {
    const number = await device();
    const at = new Date(bench.clock.now - minutesAgo * 60_000).toISOString();
    await number.change({ phoneNumberId: '6', step: 'CheckDisplayName', stepStartedAt: at });
    return number;
  };

  it.each(['APPROVED', 'AVAILABLE_WITHOUT_REVIEW'])('goes on with %s', async (status) => {
    const number = await entered(5);
    await number.changeSender({ status: 'TWILIO_REVIEW' });
    meta.script(named(status));
    expect(await number.run('CheckDisplayName')).toEqual({ outcome: 'approved' });
    expect((await number.kept()).sender?.status).toBe('CREATING');
  });

  it.each([
    [0, 30],
    [0.5, 30],
    [4, 120],
    [20, 600],
    [31, 900],
    [5_000, 900],
  ])('after %d minutes waits %d seconds more, and shows the review', async (minutes, waitSeconds) => {
    const number = await entered(minutes);
    meta.script(named('PENDING_REVIEW'));
    expect(await number.run('CheckDisplayName')).toEqual({ outcome: 'pending', waitSeconds });
    expect((await number.kept()).sender?.status).toBe('TWILIO_REVIEW');
  });

  it.each<[status: string, minutes: number, says: RegExp]>([
    ['DECLINED', 5, /declined the display name "Shop".*WhatsApp Manager/],
    ['EXPIRED', 5, /expired/],
    ['PENDING_REVIEW', 15 * 24 * 60, /not decided about the display name "Shop" within 14 days/],
  ])('gives up with %s after %d minutes', async (status, minutes, says) => {
    const number = await entered(minutes);
    meta.script(named(status));
    await expectRefusal(number.run('CheckDisplayName'), says);
  });

  it('counts the time from the first look', async () => {
    const number = await device();
    await number.change({ phoneNumberId: '6' });
    meta.script(named('PENDING_REVIEW'));
    const began = bench.clock.now;
    await number.run('CheckDisplayName');
    bench.clock.now = began + 10 * 60_000;
    expect(await number.run('CheckDisplayName')).toEqual({ outcome: 'pending', waitSeconds: 300 });
    bench.clock.now = began;
  });
});

describe('FetchCertificate', () => {
  it('keeps what it fetched with the secrets, and waits for what is not there yet', async () => {
    const number = await device();
    await number.change({ phoneNumberId: '6' });
    meta.script({ body: { id: '6' } });
    expect(await failure(number.run('FetchCertificate'))).toBeInstanceOf(TryAgain);
    meta.script({ body: { id: '6', certificate: 'Y2VydA==' } });
    await number.run('FetchCertificate');
    expect(await number.kept()).toMatchObject({
      secret: { certificate: 'Y2VydA==' },
      record: { certificateFetched: true },
    });
    expect(JSON.stringify((await number.kept()).record)).not.toContain('Y2VydA');
  });
});
