import * as z from 'zod';
import { toIso } from '../../platform/clock.ts';
import {
  addNumber,
  fetchAccount,
  findNumber,
  inspectToken,
  listTemplates,
  submitTemplate,
} from '../graph/business-account.ts';
import { GraphRefusal } from '../graph/errors.ts';
import { RegistrationRefused } from './errors.ts';
import { accountOf, graphOf } from './graph-of.ts';
import { DONE, type Step } from './job.ts';
import { numberParts } from './number-parts.ts';

/** A device sends by itself; a Cloud number, with the token. */
const SCOPES = {
  device: ['whatsapp_business_management'],
  cloud: ['whatsapp_business_management', 'whatsapp_business_messaging'],
};

/** A display name's review may take as long; a token that ends before would strand the registration. */
const LEAST_TOKEN_LIFE_MS = 3 * 86_400_000;

const NEW_TOKEN =
  'Make a token of a system user of the business, with whatsapp_business_management and whatsapp_business_messaging, and register the number again with it as configuration.accessToken.';

/** CheckBusinessAccess: the token is good, will be for some days, may do what is needed, and reaches the account. */
export const checkBusinessAccess: Step = async (job) => {
  const wabaId = accountOf(job);
  const graph = await graphOf(job);
  const token = await inspectToken(graph);
  const expiresAt = (token.expires_at ?? 0) * 1000;
  if (!token.is_valid) throw new RegistrationRefused('Meta says that the access token is not valid.', NEW_TOKEN);
  if (expiresAt !== 0 && expiresAt < job.now + LEAST_TOKEN_LIFE_MS) {
    throw new RegistrationRefused(
      `The access token expires at ${toIso(expiresAt)}, before a registration may have ended.`,
      NEW_TOKEN,
    );
  }
  const missing = SCOPES[job.record.workflow].filter((scope) => !token.scopes.includes(scope));
  if (missing.length > 0) {
    throw new RegistrationRefused(`The access token lacks the permission ${missing.join(' and ')}.`, NEW_TOKEN);
  }
  await fetchAccount(graph, wabaId).catch((error: unknown) => {
    if (!(error instanceof GraphRefusal) || error.code !== 33) throw error;
    throw new RegistrationRefused(
      `There is no WhatsApp Business Account ${wabaId} that the access token may use.`,
      'Check configuration.wabaId, and give the system user of the token full control of that account.',
    );
  });
  return DONE;
};

/**
 * AddPhoneNumber: finds the number in the account, or adds it. Whether it is the gateway's own is recorded before it is added:
 * cut off after that, the number that is found the next time is still known to have been added here.
 */
export const addPhoneNumber: Step = async (job) => {
  const wabaId = accountOf(job);
  const graph = await graphOf(job);
  const found = await findNumber(graph, wabaId, job.sender.address);
  if (found !== undefined) {
    await job.changeRecord({ phoneNumberId: found, addedPhoneNumber: job.record.addedPhoneNumber ?? false });
    return DONE;
  }
  const verifiedName = job.sender.profileName;
  if (!verifiedName) {
    throw new RegistrationRefused(
      'The number needs a display name.',
      'Register it again with profile.name, which Meta reviews.',
    );
  }
  await job.changeRecord({ addedPhoneNumber: true });
  const phoneNumberId = await addNumber(graph, wabaId, { ...numberParts(job.sender), verifiedName });
  await job.changeRecord({ phoneNumberId });
  return DONE;
};

/** The record is one item, which holds 400 KB: more than Meta's usual limit for an account. */
const MOST_TEMPLATES = 1_000;

const templatesSchema = z.array(z.record(z.string(), z.unknown()));

/**
 * SubmitTemplates: submits those of the request that the account does not have yet; nobody waits for their approval. What the
 * account has then is recorded, with Meta's approval of each, so that a customer sees what may be sent.
 */
export const submitTemplates: Step = async (job) => {
  const { templates: given, ...fields } = job.sender.fields;
  const graph = await graphOf(job);
  const wabaId = accountOf(job);
  let known = await listTemplates(graph, wabaId);
  const isNew = ({ name, language }: Record<string, unknown>) =>
    !known.some((template) => template.name === name && template.language === language);
  const wanted = templatesSchema.parse(JSON.parse(given ?? '[]')).filter(isNew);
  for (const template of wanted) await submitTemplate(graph, wabaId, template);
  if (wanted.length > 0) known = await listTemplates(graph, wabaId);
  await job.changeRecord({ templates: known.slice(0, MOST_TEMPLATES) });
  // They may be long, and every message that is delivered reads its sender.
  if (given !== undefined) await job.changeSender({ fields });
  return DONE;
};
