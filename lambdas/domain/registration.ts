import * as z from 'zod';
import { workflowSchema } from '../channels/registration.ts';

export { WORKFLOWS, type Workflow, workflowSchema } from '../channels/registration.ts';

export const verificationMethodSchema = z.enum(['sms', 'voice']);
export type VerificationMethod = z.infer<typeof verificationMethodSchema>;

/**
 * The code that a registration waits for. Only while `taskToken` is there is anybody waiting.
 */
export const pendingCodeSchema = z.object({
  taskToken: z.string().optional(),
  /** When the code was sent last, ISO 8601 UTC. */
  requestedAt: z.string(),
  method: verificationMethodSchema,
  /** Wrong codes so far. */
  wrong: z.int().default(0),
  /** How often it was sent again. */
  resends: z.int().default(0),
});
export type PendingCode = z.infer<typeof pendingCodeSchema>;

/** Why a registration, an update or a removal stopped, in words for its customer. */
export const registrationFailureSchema = z.object({
  /** The state that failed. */
  step: z.string(),
  /** What is wrong, and what to do about it: a sentence each. */
  message: z.string(),
  action: z.string(),
  /** Twilio's error code, as `offline_reasons` shows it. */
  code: z.string().optional(),
});
export type RegistrationFailure = z.infer<typeof registrationFailureSchema>;

/**
 * What the gateway does with a number right now, or did last: one record per sender that has a workflow.
 * The execution that it names is the only one that may act for the sender; any other one has been superseded.
 */
export const registrationSchema = z.object({
  accountSid: z.string(),
  senderSid: z.string(),
  workflow: workflowSchema,
  /** How many executions there have been: part of their names, so that asking for the same one twice starts one. */
  attempt: z.int().positive(),
  executionArn: z.string(),
  /** The execution that ran before and is to be stopped: set where a removal cuts a registration or an update off. */
  supersededArn: z.string().optional(),
  state: z.enum(['running', 'failed', 'done', 'updating', 'retiring']),
  /** The state machine's state, as its console shows it. */
  step: z.string(),
  stepStartedAt: z.string(),
  startedAt: z.string(),
  /** When the channel accepted the code: shards can be changed for a week from then. */
  registeredAt: z.string().optional(),
  phoneNumberId: z.string().optional(),
  /** Whether the gateway added the number to its business account, and so removes it again. */
  addedPhoneNumber: z.boolean().optional(),
  certificateFetched: z.boolean().optional(),
  /** The message templates of its business account, as the channel sees them. */
  templates: z.array(z.object({ name: z.string(), language: z.string(), status: z.string() })).optional(),
  code: pendingCodeSchema.optional(),
  /** What an update changes, as it was before, for going back. */
  previous: z.object({ fields: z.record(z.string(), z.string()), profileName: z.string().optional() }).optional(),
  failure: registrationFailureSchema.optional(),
});
export type Registration = z.infer<typeof registrationSchema>;

/** What every execution is started with. */
export interface ExecutionInput {
  accountSid: string;
  senderSid: string;
}

/** What the state that waits for a code is given. */
export type CodeAnswer = { action: 'verify'; code: string } | { action: 'resend'; method: VerificationMethod };

/** The name of a sender's execution: the same for the same attempt, so that a repeated start finds the first. */
export const executionName = (senderSid: string, attempt: number): string => `${senderSid}-${attempt}`;

/** The ARN that Step Functions gives an execution, known before it is started. */
export function executionArn(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/** What `offline_reasons` says of a failure: `<step>: <what went wrong> <what to do>`. */
export function offlineReason({ step, message, action, code = '63111' }: RegistrationFailure) {
  return {
    code,
    message: `${step}: ${sentence(message)} ${sentence(action)}`.trimEnd(),
    moreInfo: `https://www.twilio.com/docs/errors/${code}`,
  };
}

const sentence = (text: string) => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`);
