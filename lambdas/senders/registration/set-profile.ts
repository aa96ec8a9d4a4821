import { offlineReason } from '../../domain/registration.ts';
import type { SenderProfile } from '../../domain/sender.ts';
import { inspectToken } from '../graph/business-account.ts';
import * as graphProfile from '../graph/profile.ts';
import { asAdmin } from './device-of.ts';
import { RegistrationRefused } from './errors.ts';
import { graphOf, numberIdOf } from './graph-of.ts';
import { DONE, type Job, type Step } from './job.ts';
import { fetchPhoto, type Photo } from './photo.ts';

/**
 * SetProfile: what people see beside the name. A number that cannot show a picture can send all the same, and another
 * registration would cost its owner another code: what is refused here is said, and the registration goes on.
 */
export const setProfile: Step = async (job) => {
  const { profile } = job.sender;
  // From here on an update does not go back: the containers are as they were wanted.
  if (job.record.previous !== undefined) await job.changeRecord({ previous: undefined });
  const refused: string[] = [];
  if (profile !== undefined && Object.keys(profile).length > 0) {
    const photo = profile.logoUrl === undefined ? undefined : await fetchPhoto(profile.logoUrl, job.dependencies);
    if (photo && 'problem' in photo) refused.push(`profile.logo_url ${photo.problem}`);
    const parts = PARTS[job.record.workflow](job, profile, photo && 'bytes' in photo ? photo : undefined);
    for (const part of parts) {
      await part().catch((error: unknown) => {
        if (!(error instanceof RegistrationRefused)) throw error;
        refused.push(error.problem);
      });
    }
  }
  await say(job, refused);
  return DONE;
};

/** In the place of what an earlier run said, and beside what the steps before had to say. */
async function say(job: Job, refused: readonly string[]): Promise<void> {
  const before = job.sender.offlineReasons ?? [];
  const others = before.filter(({ message }) => !message.startsWith(`${job.event.step}:`));
  const now = [...others, ...(refused.length === 0 ? [] : [reason(job, refused)])];
  if (before.length > 0 || now.length > 0) await job.changeSender({ offlineReasons: now.length > 0 ? now : undefined });
}

function reason(job: Job, refused: readonly string[]) {
  const message = `The number is registered, but not all of its profile is set: ${refused.join('; ')}`;
  return offlineReason({ step: job.event.step, message, action: 'Update the sender with a profile that fits.' });
}

type Parts = (job: Job, profile: SenderProfile, photo: Photo | undefined) => (() => Promise<void>)[];

/** What there is to set, each for itself. */
const PARTS: Record<Job['record']['workflow'], Parts> = {
  device: (job, { about, address, description, emails, websites, vertical }, photo) => {
    const email = emails?.[0]?.email;
    const business = { address, description, email, vertical, websites: websites?.map(({ website }) => website) };
    const isBusiness = Object.values(business).some((value) => value !== undefined);
    return [
      ...(isBusiness ? [() => asAdmin(job, (device, session) => device.setBusinessProfile(session, business))] : []),
      ...(about === undefined ? [] : [() => asAdmin(job, (device, session) => device.setAbout(session, about))]),
      ...(photo === undefined ? [] : [() => asAdmin(job, (device, session) => device.setPhoto(session, photo))]),
    ];
  },
  cloud: (job, profile, photo) => {
    const { logoUrl: _, ...texts } = profile;
    return [
      ...(Object.keys(texts).length > 0
        ? [async () => graphProfile.setProfile(await graphOf(job), numberIdOf(job), texts)]
        : []),
      ...(photo === undefined ? [] : [() => setCloudPhoto(job, photo)]),
    ];
  },
};

async function setCloudPhoto(job: Job, photo: Photo): Promise<void> {
  const graph = await graphOf(job);
  const { app_id: appId } = await inspectToken(graph);
  if (appId === undefined) throw new RegistrationRefused('Meta does not say which app the access token is of.', '');
  await graphProfile.setProfile(graph, numberIdOf(job), {}, await graphProfile.uploadPhoto(graph, appId, photo));
}
