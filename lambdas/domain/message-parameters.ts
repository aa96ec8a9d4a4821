/**
 * Every parameter that Twilio's `POST Messages` knows, and what happens to it here:
 *
 * - `used`: it has its effect.
 * - `ignored`: accepted without effect, because it has none on a channel of this gateway, or is informational on Twilio too.
 * - `refused`: its values other than `harmless` would promise something that does not happen here, so they are an error.
 *
 * A name that is not in the table is ignored, as Twilio does, and logged.
 */
export type ParameterUse =
  | { use: 'used'; repeatable?: true }
  | { use: 'ignored'; why: string }
  | { use: 'refused'; why: string; harmless?: readonly string[] };

export const MESSAGE_PARAMETERS: Readonly<Record<string, ParameterUse>> = {
  To: { use: 'used' },
  From: { use: 'used' },
  MessagingServiceSid: { use: 'used' },
  Body: { use: 'used' },
  MediaUrl: { use: 'used', repeatable: true },
  PersistentAction: { use: 'used', repeatable: true },
  StatusCallback: { use: 'used' },
  ValidityPeriod: { use: 'used' },
  ContentSid: { use: 'used' },
  ContentVariables: { use: 'used' },
  ScheduleType: { use: 'used' },
  SendAt: { use: 'used' },
  FallbackFrom: { use: 'used' },

  Attempt: { use: 'ignored', why: "the caller's own count, informational" },
  ProvideFeedback: { use: 'ignored', why: 'announces feedback; changes nothing about the message' },
  ForceDelivery: { use: 'ignored', why: 'reserved' },
  MaxPrice: { use: 'ignored', why: 'obsolete on Twilio; nothing is charged here' },
  SmartEncoded: { use: 'ignored', why: 'an SMS encoding' },
  SendAsMms: { use: 'ignored', why: 'SMS only' },
  RiskCheck: { use: 'ignored', why: 'there is no SMS pumping protection' },
  TrafficType: { use: 'ignored', why: 'nothing is charged here' },
  MessageIntent: { use: 'ignored', why: 'informational' },

  ApplicationSid: { use: 'refused', why: 'there are no TwiML applications; give StatusCallback instead' },
  ShortenUrls: { use: 'refused', why: 'links are not shortened', harmless: ['false'] },
  ContentRetention: { use: 'refused', why: 'message bodies are kept', harmless: ['retain'] },
  AddressRetention: { use: 'refused', why: 'addresses are kept', harmless: ['retain'] },
};
