import { choose, type Step } from './states.ts';
import { refusal, type Tasks } from './tasks.ts';

/** How long a code is waited for: a day, in seconds. */
const CODE_SECONDS = 24 * 3600;

/** What happens at Meta before a number is registered: its business account, the number in it, its templates. */
export function prepareNumber(number: Tasks): Step[] {
  return [
    number.task('ReserveSender', 'Makes sure that this execution is the one that registers the number.'),
    number.task(
      'CheckBusinessAccess',
      'Asks Meta whether the access token is valid and may manage the business account.',
    ),
    number.task('AddPhoneNumber', 'Adds the number to the business account at Meta, unless it is there already.'),
    number.task(
      'SubmitTemplates',
      'Notes which message templates the business account has, and whether they are approved.',
    ),
  ];
}

/**
 * Proves that the number belongs to the customer: a code goes to it by SMS or voice, and comes back through the Senders API.
 * @param next where it goes on with a verified number
 */
export function verifyNumber(number: Tasks, next: string): Step[] {
  return [
    number.task('RequestCode', 'Asks WhatsApp to send a code to the number, by SMS or voice.'),
    choose('CodeSent?', 'A number that is registered already gets no code.', {
      sent: 'WaitForCode',
      'already-registered': next,
    }),
    number.callback('WaitForCode', 'Waits until the customer posts the code to the Senders API, for a day.', {
      timeoutSeconds: CODE_SECONDS,
      onTimeout: 'NobodyGaveCode',
    }),
    choose(
      'CodeGiven?',
      'The customer gives the code, or asks for another one.',
      { verify: 'VerifyCode', resend: 'RequestCode' },
      'action',
    ),
    number.task('VerifyCode', 'Gives the code to WhatsApp.', { more: { 'code.$': '$.result.code' } }),
    choose('CodeAccepted?', 'After a wrong code the same one can be given again; an expired one is sent anew.', {
      accepted: next,
      wrong: 'WaitForCode',
      expired: 'RequestCode',
    }),
  ];
}

/** What goes wrong when the time for a code is up, in the words that the customer is told. */
export function nobodyGaveCode(): Step {
  return [
    'NobodyGaveCode',
    {
      Type: 'Pass',
      Comment: 'A day has passed without a code.',
      Result: refusal('Nobody gave the code within a day.', 'Create the sender again to have a new one sent.'),
      ResultPath: '$.error',
      Next: 'RecordFailure',
    },
  ];
}
