import { randomBytes } from 'node:crypto';
import { DEFAULT_PASSWORD, passwordProblem } from './device/users.ts';
import { parseVersion, type Version } from './version.ts';

export type Mode = 'single' | 'high-availability' | 'multiconnect';

/** How a simulator behaves. Every number of milliseconds is in the simulator's own time (see Clock). */
export interface SimulatorOptions {
  /** Port to listen on; 0 takes a free one. Default 0. */
  port?: number;
  /** Address to listen on. Default 127.0.0.1: the control API has no authentication. */
  host?: string;
  /** Numbers of devices that are registered and connected from the start. Default: one device, not registered. */
  numbers?: readonly string[];
  /** The admin password of those devices. Default `secret`, which the first login must change. */
  adminPassword?: string | undefined;
  /** The container's version. Default v2.45.1. */
  version?: string;
  /** From accepting a message to each status. Default 30, 80, 200. */
  statusDelaysMs?: { sent: number; delivered: number; read: number };
  /** From the end of registration, a restart or a change of shards to `connected`. Default 500. */
  connectDelayMs?: number;
  /** Until a `no_wait` contact check is answered (before v2.43). Default 1000. */
  contactCheckDelayMs?: number;
  /** Requests per second and burst, for `POST /v1/messages` and for all other requests. Default 20 and 60 for both. */
  rates?: { messages: Rate; others: Rate };
  /** What `verify` accepts. Default 123456. */
  verificationCode?: string;
  /** When set, templates of any other namespace are refused with 1009. Default: any namespace will do. */
  templateNamespace?: string | undefined;
  /** Static key for health, stats and metrics (`Authorization: Apikey …`). Default: none. */
  apiKey?: string | undefined;
  mode?: Mode;
  /** Coreapps of a cluster, spares included. Default 1 for single, 2 for high availability, 33 for multiconnect. */
  coreapps?: number | undefined;
  /** Accept `http://` webhook URLs, which the real container refuses. Default true. */
  plainWebhooks?: boolean;
  /** Refuse to send while no webhook URL is set (1022). Default true. */
  requireWebhook?: boolean;
  /** How long a webhook may take to answer, in real milliseconds. Default 10000. */
  webhookTimeoutMs?: number;
  /** Receives one object for each thing worth a log line. Default: nothing is logged. */
  log?: (line: Record<string, unknown>) => void;
}

export interface Rate {
  perSecond: number;
  burst: number;
}

type Optional = 'templateNamespace' | 'apiKey';

/** The options with every default filled in. */
export interface Settings
  extends Omit<Required<SimulatorOptions>, 'version' | 'port' | 'host' | Optional>,
    Pick<SimulatorOptions, Optional> {
  version: Version;
  coreapps: number;
  adminPassword: string;
  /** Signs the login tokens. */
  tokenKey: Buffer;
}

const DEFAULT_COREAPPS: Record<Mode, number> = { single: 1, 'high-availability': 2, multiconnect: 33 };
const DEFAULT_RATE: Rate = { perSecond: 20, burst: 60 };

/** A phone number as the network writes it: digits only, without plus. Undefined when `text` is none. */
export function parseNumber(text: string): string | undefined {
  const digits = text
    .trim()
    .replace(/^\+/, '')
    .replaceAll(/[\s().-]/g, '');
  return /^[1-9]\d{4,14}$/.test(digits) ? digits : undefined;
}

/** Fills in the defaults. Throws an Error with one sentence when an option makes no sense. */
export function completeOptions(options: SimulatorOptions): Settings {
  const version = parseVersion(options.version ?? 'v2.45.1');
  if (version === undefined) throw new Error(`The version must look like v2.45.1, not "${options.version}".`);
  const problem = options.adminPassword === undefined ? undefined : passwordProblem(options.adminPassword);
  if (problem !== undefined) throw new Error(`The admin password is refused: ${problem}`);
  const numbers = (options.numbers ?? []).map((text) => {
    const number = parseNumber(text);
    if (number === undefined) throw new Error(`"${text}" is not a phone number; write 5 to 15 digits.`);
    return number;
  });
  const repeated = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (repeated !== undefined) throw new Error(`The number ${repeated} is listed twice.`);
  const delays = options.statusDelaysMs ?? { sent: 30, delivered: 80, read: 200 };
  if (!(delays.sent >= 0 && delays.sent <= delays.delivered && delays.delivered <= delays.read)) {
    throw new Error('The status delays must be three rising numbers of milliseconds: sent, delivered, read.');
  }
  const mode = options.mode ?? 'single';
  return {
    numbers,
    adminPassword: options.adminPassword ?? DEFAULT_PASSWORD,
    version,
    statusDelaysMs: delays,
    connectDelayMs: options.connectDelayMs ?? 500,
    contactCheckDelayMs: options.contactCheckDelayMs ?? 1000,
    rates: options.rates ?? { messages: DEFAULT_RATE, others: DEFAULT_RATE },
    verificationCode: options.verificationCode ?? '123456',
    templateNamespace: options.templateNamespace,
    apiKey: options.apiKey,
    mode,
    coreapps: options.coreapps ?? DEFAULT_COREAPPS[mode],
    plainWebhooks: options.plainWebhooks ?? true,
    requireWebhook: options.requireWebhook ?? true,
    webhookTimeoutMs: options.webhookTimeoutMs ?? 10_000,
    log: options.log ?? (() => {}),
    tokenKey: randomBytes(32),
  };
}
