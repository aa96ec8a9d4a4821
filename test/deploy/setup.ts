import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { Customer } from '../../local/customer.ts';
import { freePort } from '../../local/listen.ts';
import { Child, cleanEnvironment, ROOT, run } from './child.ts';
import { Doors } from './doors.ts';
import { Emulator, emulatedAws } from './emulator.ts';
import { Stacks } from './stacks.ts';

const SANDBOX = { number: '15550001111', password: 'Deployed-1-device!' };

declare module 'vitest' {
  export interface ProvidedContext {
    deployment: {
      url: string;
      accountSid: string;
      authToken: string;
      /** For `new Stacks(…)`. */
      aws: string;
      directory: string;
    };
  }
}

/**
 * Deploys the gateway into an emulated AWS account and connects a simulated device to it. The last test destroys the stacks;
 * what is undone here are processes and files.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const undo: (() => unknown)[] = [];
  const tearDown = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    await deploy(project, undo);
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

async function deploy(project: TestProject, undo: (() => unknown)[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'switchboard-deploy-'));
  undo.push(() => rmSync(directory, { recursive: true }));

  await timed('install the emulator', () => Emulator.install());
  const emulator = await timed('start the emulator', () => Emulator.start());
  undo.push(() => emulator.stop());
  say(`functions will run on Node ${(await run('node', ['--version'], emulatedAws(emulator.url))).trim()}`);

  const stacks = new Stacks(emulator.url, directory);
  await timed('cdk synth', () => stacks.synthesize());
  say(`taken out, because the emulator has no metric math: ${stacks.takeOutFormulas().join(', ') || 'nothing'}`);
  await timed('cdk bootstrap', () => stacks.bootstrap());
  const outputs = await timed('cdk deploy --all', () => stacks.deploy());
  await nameWhatIsMissing(stacks, emulator);

  const simulatorUrl = await startSimulator(undo);
  const doors = await Doors.open(outputs.GatewayUrl, emulator.url, simulatorUrl);
  undo.push(() => doors.close());

  const [command = '', ...parameters] = outputs.AuthTokenCommand.split(' ');
  const authToken = (await run(command, parameters, emulatedAws(emulator.url))).trim();
  const deployed = { url: doors.gatewayUrl, accountSid: outputs.RootAccountSid, authToken };
  const { number, password } = SANDBOX;
  await new Customer(deployed).registerWhatsApp(number, `${doors.devicesUrl}/devices/${number}`, password);

  project.provide('deployment', { ...deployed, aws: emulator.url, directory });
  Object.assign(process.env, {
    SWITCHBOARD_URL: deployed.url,
    SWITCHBOARD_ACCOUNT_SID: deployed.accountSid,
    SWITCHBOARD_AUTH_TOKEN: deployed.authToken,
    SWITCHBOARD_SIMULATOR_URL: simulatorUrl,
    SWITCHBOARD_DEVICES_URL: doors.devicesUrl,
    SWITCHBOARD_SENDER: `whatsapp:+${SANDBOX.number}`,
  });
}

async function startSimulator(undo: (() => unknown)[]): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const simulator = new Child(
    'The simulator',
    'node',
    [join(ROOT, 'simulators', 'whatsapp', 'main.ts')],
    cleanEnvironment({
      PORT: String(port),
      SANDBOX_NUMBERS: SANDBOX.number,
      SANDBOX_ADMIN_PASSWORD: SANDBOX.password,
      // Statuses so far apart that they arrive in order although functions start cold: a `delivered` that comes after `read` is,
      // rightly, not told to anybody.
      STATUS_DELAYS_MS: '500,2500,4500',
    }),
  );
  undo.push(() => simulator.stop());
  await simulator.untilItAnswers(`${url}/`);
  return url;
}

/** What this test says nothing about, by name: no resource type is left out silently. */
async function nameWhatIsMissing(stacks: Stacks, emulator: Emulator): Promise<void> {
  const [possible, deployable] = [await stacks.possibleTypes(), await emulator.deployableTypes()];
  const deployed = new Set(stacks.deployedTemplates().values());
  const missing = [...possible].filter((type) => !deployed.has(type)).sort();
  const refused = missing.filter((type) => !deployable.has(type));
  say(`deployed ${deployed.size} resource types: ${[...deployed].sort().join(', ')}`);
  say(`not deployed, because the emulator lacks the type: ${refused.join(', ') || 'none'}`);
  say(
    `not deployed, because the emulator runs no containers and sends no mail (fleet and alarmEmail are off): ${
      missing.filter((type) => deployable.has(type)).join(', ') || 'none'
    }`,
  );
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = Date.now();
  const result = await work();
  say(`${what}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

function say(sentence: string): void {
  process.stdout.write(`[deploy] ${sentence}\n`);
}
