import * as z from 'zod';
import type { SenderProfile } from '../../domain/sender.ts';
import type { Graph } from './graph.ts';

/** Meta's names for what Twilio lists as `vertical`; one that is not here goes as it was given. */
const VERTICALS: Record<string, string> = {
  Alcohol: 'ALCOHOL',
  Automotive: 'AUTO',
  'Beauty, Spa and Salon': 'BEAUTY',
  'Clothing and Apparel': 'APPAREL',
  Education: 'EDU',
  Entertainment: 'ENTERTAIN',
  'Event Planning and Service': 'EVENT_PLAN',
  'Finance and Banking': 'FINANCE',
  'Food and Grocery': 'GROCERY',
  'Hotel and Lodging': 'HOTEL',
  'Matrimony Service': 'MATRIMONY_SERVICE',
  'Medical and Health': 'HEALTH',
  'Non-profit': 'NONPROFIT',
  'Online Gambling': 'ONLINE_GAMBLING',
  'OTC Drugs': 'OTC_DRUGS',
  Other: 'OTHER',
  'Physical Gambling': 'PHYSICAL_GAMBLING',
  'Professional Services': 'PROF_SERVICES',
  'Public Service': 'GOVT',
  Restaurant: 'RESTAURANT',
  'Shopping and Retail': 'RETAIL',
  'Travel and Transportation': 'TRAVEL',
};

/** `POST /{id}/whatsapp_business_profile`: sets what is given. @param photo from `uploadPhoto` */
export async function setProfile(
  graph: Graph,
  numberId: string,
  { about, address, description, emails, websites, vertical }: SenderProfile,
  photo?: string,
): Promise<void> {
  const body = {
    messaging_product: 'whatsapp',
    about,
    address,
    description,
    email: emails?.[0]?.email,
    websites: websites?.map(({ website }) => website),
    vertical: vertical === undefined ? undefined : (VERTICALS[vertical] ?? vertical),
    profile_picture_handle: photo,
  };
  await graph.post(`${numberId}/whatsapp_business_profile`, body, z.object({}), 'set the profile');
}

/**
 * Uploads a photo with the resumable upload API, all of it at once.
 * @param appId the app of the access token
 * @returns the handle that stands for it in a profile
 */
export async function uploadPhoto(
  graph: Graph,
  appId: string,
  photo: { bytes: Uint8Array; contentType: string },
): Promise<string> {
  const purpose = 'take the profile photo';
  const { bytes, contentType } = photo;
  const about = { file_name: 'photo', file_length: bytes.length, file_type: contentType };
  const { id } = await graph.post(`${appId}/uploads`, about, z.object({ id: z.string() }), purpose);
  const { h } = await graph.upload(id, bytes, z.object({ h: z.string() }), purpose);
  return h;
}
