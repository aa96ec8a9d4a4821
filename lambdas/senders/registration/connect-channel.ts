import { randomBytes } from 'node:crypto';
import type { HttpRequest, Session } from '../../channels/types.ts';
import { webhookUrl } from '../../domain/twilio-sender.ts';
import { GraphRefusal } from '../graph/errors.ts';
import { asAdmin } from './device-of.ts';
import { TryAgain } from './errors.ts';
import { accountOf, graphAddress, graphOf, numberIdOf } from './graph-of.ts';
import { DONE, type Job, type Step } from './job.ts';

/*
 * The last thing that a number needs is what its channel's spec asks of every sender: the requests of `connect`, which say
 * where webhooks go. A number that the gateway registered is then like one that a customer connected.
 */

const PURPOSE = 'set the webhook';

/** ConfigureDevice: the settings of the channel's spec, with the webhook that only this device knows. */
export const configureDevice: Step = async (job) => {
  await asAdmin(job, async (device, session) => {
    for (const request of await connecting(job, session)) await device.send(request, undefined, PURPOSE);
  });
  return DONE;
};

/**
 * SubscribeApp: gives the sender what the channel's spec asks for (the number's id, the token and what Meta shows when it checks
 * the webhook), then subscribes the app. Meta calls the webhook at once, so all of it is stored before.
 */
export const subscribeApp: Step = async (job) => {
  await job.addFields({ ...graphAddress(job), wabaId: accountOf(job), phoneNumberId: numberIdOf(job) });
  const { secrets } = await job.secret();
  const { accessToken, token = accessToken, verifyToken = randomBytes(24).toString('base64url'), ...others } = secrets;
  const named = accessToken ?? token;
  await job.changeSecret({ secrets: { ...others, ...(named !== undefined && { token: named }), verifyToken } });
  const graph = await graphOf(job);
  for (const request of await connecting(job)) {
    await graph.send(request, PURPOSE).catch((error: unknown) => {
      // Meta had no answer from the webhook, which may have been slow to start.
      const isUnanswered = error instanceof GraphRefusal && /callback|challenge|webhook/i.test(error.words);
      throw isUnanswered ? new TryAgain(error.problem) : error;
    });
  }
  return DONE;
};

async function connecting(job: Job, session?: Session): Promise<HttpRequest[]> {
  const { webhookSecret } = await job.secret();
  const url = webhookUrl(job.sender, job.dependencies.webhookBaseUrl, webhookSecret);
  return job.channel.connect(await job.context(), url, session);
}
