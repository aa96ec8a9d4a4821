import { Graph } from '../graph/graph.ts';
import { RegistrationRefused } from './errors.ts';
import type { Job } from './job.ts';

/** Where the Graph API is unless a sender says otherwise. */
const GRAPH_URL = 'https://graph.facebook.com/v25.0';

/** The Graph API's base URL and version, apart. Throws `RegistrationRefused` when the sender's URL names no version. */
export function graphAddress({ sender }: Job): { url: string; version: string } {
  const given = (sender.fields['graphUrl'] ?? GRAPH_URL).replace(/\/+$/, '');
  const [, url, version] = /^(https?:\/\/.+)\/(v\d+\.\d+)$/.exec(given) ?? [];
  if (url !== undefined && version !== undefined) return { url, version };
  throw new RegistrationRefused(
    'configuration.graphUrl does not end with a version of the Graph API.',
    `Register the number again with one, as in ${GRAPH_URL}.`,
  );
}

/** The Graph API with the sender's access token. */
export async function graphOf(job: Job): Promise<Graph> {
  const { secrets, session } = await job.secret();
  const { accessToken, token, appSecret } = secrets;
  // A Cloud number's session is its token exchanged for a younger one; a device's is not Meta's.
  const exchanged = job.record.workflow === 'cloud' ? session?.token : undefined;
  const bearer = exchanged ?? accessToken ?? token;
  if (bearer === undefined) {
    throw new RegistrationRefused(
      'There is no access token.',
      'Register the number again with configuration.accessToken.',
    );
  }
  const { url, version } = graphAddress(job);
  const { send, policy } = job.dependencies;
  return new Graph({ url: `${url}/${version}`, token: bearer, appSecret }, (request, { timeoutMs }) =>
    send(request, { addresses: policy, timeoutMs }),
  );
}

/** The id of the WhatsApp Business Account. */
export function accountOf({ sender }: Job): string {
  const { wabaId } = sender.fields;
  if (wabaId) return wabaId;
  throw new RegistrationRefused(
    'No WhatsApp Business Account is named.',
    'Register the number again with its id as configuration.wabaId.',
  );
}

/** The id of the number in its business account, which an earlier step found. */
export function numberIdOf({ record }: Job): string {
  if (record.phoneNumberId !== undefined) return record.phoneNumberId;
  throw new Error('The number has no id at Meta yet.');
}
