import { CfnOutput } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { Api } from './api/api.ts';
import { GatewayHttpApi } from './api/http-api.ts';
import { Callbacks } from './callbacks/callbacks.ts';
import { CallbacksQueue } from './callbacks/callbacks-queue.ts';
import { parseConfig, type SwitchboardConfigInput } from './config.ts';
import { createFleet, type Fleet } from './fleet/fleet.ts';
import { FleetSteps } from './fleet/fleet-steps.ts';
import { Inbound } from './inbound/inbound.ts';
import { InboundQueue } from './inbound/inbound-queue.ts';
import { Maintenance } from './maintenance/maintenance.ts';
import { Alarms } from './monitoring/alarms.ts';
import { Outbound } from './outbound/outbound.ts';
import { OutboundQueue } from './outbound/outbound-queue.ts';
import { Registration } from './senders/registration.ts';
import { Senders } from './senders/senders.ts';
import { Storage } from './storage/storage.ts';

export interface SwitchboardProps extends SwitchboardConfigInput {
  /**
   * The table and secrets to work on. Give it one from a stack of its own, protected from termination, in production.
   * Default: made inside, in the same stack; `rootAccountSid` applies only then.
   */
  readonly storage?: Storage;

  /**
   * The network, containers and databases of devices. Give it from a stack of its own, protected from termination, in production.
   * Default: made inside, in the same stack, when `fleet` in the configuration asks for any.
   */
  readonly containers?: Fleet | undefined;
}

/**
 * The whole gateway: Twilio's messaging API in front of the channels in `specs/`.
 * @example new Switchboard(this, 'Switchboard');
 */
export class Switchboard extends Construct {
  /** The base URL for Twilio SDKs, without a slash at the end. */
  readonly url: string;

  /** The account that owns the gateway. */
  readonly rootAccountSid: string;

  constructor(scope: Construct, id: string, { storage: given, containers, ...input }: SwitchboardProps = {}) {
    super(scope, id);
    const config = parseConfig(input);
    const storage = given ?? new Storage(this, 'Storage', config);
    const alarms = new Alarms(this, 'Alarms', config);
    const stage = { config, storage, alarms };

    const http = new GatewayHttpApi(this, 'Http', stage);
    const outbound = new OutboundQueue(this, 'OutboundQueue', stage);
    const inbound = new InboundQueue(this, 'InboundQueue', stage);
    const callbacks = new CallbacksQueue(this, 'CallbacksQueue', stage);
    const { network, devices } = containers ?? createFleet(this, 'Fleet', stage) ?? {};

    // In the order in which a message passes them.
    new Api(this, 'Api', { ...stage, http, outbound, inbound, callbacks });
    new Outbound(this, 'Outbound', { ...stage, outbound, callbacks, network });
    const { webhookUrl } = new Inbound(this, 'Inbound', { ...stage, http, inbound, callbacks });
    new Callbacks(this, 'Callbacks', { ...stage, callbacks, outbound });

    // Beside its way: numbers, and what keeps them well.
    const fleet = devices && new FleetSteps(this, 'FleetSteps', { ...stage, devices }).function;
    const registration = new Registration(this, 'Registration', { ...stage, http, webhookUrl, network, fleet });
    new Senders(this, 'Senders', { ...stage, http, webhookUrl, network, registration });
    new Maintenance(this, 'Maintenance', { ...stage, outbound, inbound, callbacks, network, devices, registration });

    this.url = http.url;
    this.rootAccountSid = storage.rootAccountSid;
    this.#describe(storage);
  }

  /** The three things that its owner needs after a deployment. */
  #describe(storage: Storage): void {
    const outputs = {
      GatewayUrl: { value: this.url, description: 'The base URL for Twilio SDKs' },
      RootAccountSid: { value: this.rootAccountSid, description: 'The account SID for Twilio SDKs' },
      AuthTokenCommand: {
        value: `npm run -s auth-token -- ${storage.masterKey.secretArn} ${this.rootAccountSid}`,
        description: 'Prints the auth token, to whoever may read the master key',
      },
    };
    for (const [name, output] of Object.entries(outputs)) {
      // By these names alone, so that scripts find them; the default would carry the construct's path.
      new CfnOutput(this, name, output).overrideLogicalId(name);
    }
  }
}
