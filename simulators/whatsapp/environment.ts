import type { ContainerOptions } from './cluster/container.ts';
import type { NodeRole } from './cluster/nodes.ts';
import type { Mode, Rate, SimulatorOptions } from './options.ts';

type Environment = Record<string, string | undefined>;
type Reader<T> = (text: string) => T;

/** One line per variable that cannot be used. */
export class EnvironmentError extends Error {}

const integer =
  (most: number): Reader<number> =>
  (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > most) throw new Error(`must be a whole number up to ${most}`);
    return value;
  };

const flag: Reader<boolean> = (text) => {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
  return text === 'true';
};

const list: Reader<string[]> = (text) => {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
};

const delays: Reader<{ sent: number; delivered: number; read: number }> = (text) => {
  const [sent, delivered, read, ...more] = list(text).map(integer(86_400_000));
  if (sent === undefined || delivered === undefined || read === undefined || more.length > 0) {
    throw new Error('must be three numbers of milliseconds, like 30,80,200');
  }
  return { sent, delivered, read };
};

/** `20/60`: twenty a second, a burst of sixty. */
const rate: Reader<Rate> = (text) => {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (match === null || Number(match[2]) < 1) throw new Error('must be requests per second and burst, like 20/60');
  return { perSecond: Number(match[1]), burst: Number(match[2]) };
};

const mode: Reader<Mode> = (text) => {
  if (text !== 'single' && text !== 'high-availability' && text !== 'multiconnect') {
    throw new Error('must be single, high-availability or multiconnect');
  }
  return text;
};

const role: Reader<NodeRole> = (text) => {
  if (text !== 'web' && text !== 'master' && text !== 'coreapp') throw new Error('must be web, master or coreapp');
  return text;
};

const apiKey: Reader<string> = (text) => {
  if (text.length < 12 || text.length > 128) throw new Error('must have 12 to 128 characters');
  return text;
};

/**
 * Reads the options from environment variables; an empty one counts as absent. Throws EnvironmentError with a sentence
 * for each variable that is wrong.
 */
export function readEnvironment(environment: Environment): SimulatorOptions & { container?: ContainerOptions } {
  const problems: string[] = [];
  const read = <T>(name: string, reader: Reader<T>): T | undefined => {
    const text = environment[name]?.trim();
    if (text === undefined || text === '') return undefined;
    try {
      return reader(text);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}.`);
      return undefined;
    }
  };
  const messages = read('MESSAGES_RATE', rate);
  const others = read('OTHERS_RATE', rate);
  const standard = { perSecond: 20, burst: 60 };
  const given = {
    port: read('PORT', integer(65_535)) ?? 8080,
    host: read('HOST', String),
    numbers: read('SANDBOX_NUMBERS', list),
    adminPassword: read('SANDBOX_ADMIN_PASSWORD', String),
    version: read('VERSION', String),
    statusDelaysMs: read('STATUS_DELAYS_MS', delays),
    connectDelayMs: read('CONNECT_DELAY_MS', integer(86_400_000)),
    rates: { messages: messages ?? standard, others: others ?? standard },
    verificationCode: read('VERIFICATION_CODE', String),
    templateNamespace: read('TEMPLATE_NAMESPACE', String),
    apiKey: read('WA_API_KEY', apiKey),
    mode: read('MODE', mode),
    coreapps: read('COREAPPS', integer(64)),
    plainWebhooks: read('PLAIN_WEBHOOKS', flag),
    requireWebhook: read('REQUIRE_WEBHOOK', flag),
    webhookTimeoutMs: read('WEBHOOK_TIMEOUT_MS', integer(600_000)),
    container: containerOf(
      read('SIMULATOR_ROLE', role),
      read('STATE_DIRECTORY', String),
      read('HEARTBEAT_MS', integer(60_000)),
    ),
  };
  if (given.container && !environment['STATE_DIRECTORY'])
    problems.push('STATE_DIRECTORY must be set with SIMULATOR_ROLE.');
  if (problems.length > 0) throw new EnvironmentError(problems.join('\n'));
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function containerOf(
  role: NodeRole | undefined,
  stateDirectory = '',
  heartbeatMs = 1_000,
): ContainerOptions | undefined {
  return role && { role, stateDirectory, heartbeatMs };
}
