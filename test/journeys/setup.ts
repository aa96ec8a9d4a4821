import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { Customer } from '../../local/customer.ts';
import { startLocalStack } from '../../local/stack.ts';
import { startControlServer } from './support/control-server.ts';
import type { Gateway } from './support/gateway.ts';

/** Gives all journeys one gateway: the deployed one that `SWITCHBOARD_URL` names, or a local stack started for them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env['SWITCHBOARD_URL']) {
    project.provide('gateway', deployedGateway(process.env));
    return async () => {};
  }
  const stack = await startLocalStack();
  const control = await startControlServer(stack);
  const stop = async () => {
    await control.stop();
    await stack.stop();
  };
  try {
    const { url, accountSid, authToken, simulatorUrl, providersUrl, sandbox } = stack;
    const [number = ''] = sandbox.numbers;
    await new Customer(stack).registerWhatsApp(number, `${sandbox.url}/devices/${number}`, sandbox.adminPassword);
    project.provide('gateway', {
      url,
      accountSid,
      authToken,
      simulatorUrl,
      providersUrl,
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
    devicesUrl: read('DEVICES_URL') || read('SIMULATOR_URL'),
    sender: read('SENDER'),
    contact: read('CONTACT') || 'whatsapp:+15551230001',
    controlUrl: undefined,
  };
}
