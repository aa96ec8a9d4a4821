import { join } from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { Customer } from '../../local/customer.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';
import { ROOT } from '../../local/synthesize.ts';
import { startControlServer } from './support/control-server.ts';
import type { Gateway } from './support/gateway.ts';
import { NumberActions } from './support/number-actions.ts';

/** How long an attempt to deliver may take, so that nobody waits half a minute for one that was killed. */
const LEASE_SECONDS = 3;
/** State machines look again after a fifth of a second instead of ten. */
const WAIT_SCALE = 0.02;
/** How long Meta reviews the name of a number. */
const APPROVAL_DELAY_MS = 50;

/** Gives all journeys one gateway: the deployed one that `SWITCHBOARD_URL` names, or a local stack started for them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env['SWITCHBOARD_URL']) {
    project.provide('gateway', deployedGateway(process.env));
    return async () => {};
  }
  const numbers: NumberActions = new NumberActions(() => stack);
  const stack: LocalStack = await startLocalStack({
    environment: { LEASE_SECONDS: String(LEASE_SECONDS) },
    waitScale: WAIT_SCALE,
    approvalDelayMs: APPROVAL_DELAY_MS,
    // Containers load the same modules again and again.
    containerEnvironment: { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node-compile') },
    onState: numbers.onState,
  });
  const control = await startControlServer(stack, numbers);
  const stop = async () => {
    await control.stop();
    await stack.stop();
  };
  try {
    const { url, accountSid, authToken, simulatorUrl, providersUrl, graphUrl, sandbox } = stack;
    const [number = ''] = sandbox.numbers;
    await new Customer(stack).registerWhatsApp(number, `${sandbox.url}/devices/${number}`, sandbox.adminPassword);
    project.provide('gateway', {
      url,
      accountSid,
      authToken,
      simulatorUrl,
      providersUrl,
      graphUrl,
      devicesUrl: simulatorUrl,
      sender: `whatsapp:+${number}`,
      contact: 'whatsapp:+15551230001',
      controlUrl: control.url,
    });
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws naming every variable that is missing */
function deployedGateway(environment: NodeJS.ProcessEnv): Gateway {
  const names = ['URL', 'ACCOUNT_SID', 'AUTH_TOKEN', 'SIMULATOR_URL', 'SENDER'] as const;
  const missing = names.filter((name) => !environment[`SWITCHBOARD_${name}`]);
  if (missing.length > 0) {
    throw new Error(`Set ${missing.map((name) => `SWITCHBOARD_${name}`).join(', ')} as well as SWITCHBOARD_URL.`);
  }
  const read = (name: string) => environment[`SWITCHBOARD_${name}`] ?? '';
  return {
    url: read('URL').replace(/\/$/, ''),
    accountSid: read('ACCOUNT_SID'),
    authToken: read('AUTH_TOKEN'),
    simulatorUrl: read('SIMULATOR_URL'),
    providersUrl: undefined,
    graphUrl: undefined,
    devicesUrl: read('DEVICES_URL') || read('SIMULATOR_URL'),
    sender: read('SENDER'),
    contact: read('CONTACT') || 'whatsapp:+15551230001',
    controlUrl: undefined,
  };
}
