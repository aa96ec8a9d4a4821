import { z } from 'zod';
import type { LocalStack } from '../../local/stack.ts';
import type { Execution } from '../../local/step-functions/execution.ts';
import type { Progress } from '../support/benchmark.ts';
import { until } from '../support/until.ts';

/** A business account and a token that the Graph simulator has from the start. */
const ACCOUNT = { waba_id: '1000000001', access_token: 'sandbox-access-token' };
/** What every simulated device is sent. */
const DEVICE_CODE = '123456';

const senderSchema = z.object({ sid: z.string(), status: z.string() }).loose();
const codesSchema = z.object({ codes: z.array(z.object({ text: z.string() }).loose()) });

export interface RegisteredNumber {
  sid: string;
  /** From the request that creates it to the end of its execution, in ms. */
  milliseconds: number;
  execution: Execution;
}

/** Registers and removes numbers over the Senders API, with codes given as soon as they are wanted. */
export class Numbers {
  readonly #stack: LocalStack;
  readonly #progress: Progress;
  readonly #headers: Record<string, string>;
  #next = 15_550_300_000;

  constructor(stack: LocalStack, progress: Progress) {
    this.#stack = stack;
    this.#progress = progress;
    const credentials = Buffer.from(`${stack.accountSid}:${stack.authToken}`).toString('base64');
    this.#headers = { authorization: `Basic ${credentials}`, 'content-type': 'application/json' };
  }

  /**
   * Registers one number from nothing to ONLINE.
   * @param configuration beside the account: `{ mode: 'single' }`, or `{ app_secret: '…' }` for one at Meta
   * @param patienceMs how long it may take
   * @throws with what went wrong when it does not get there
   */
  async register(configuration: Record<string, unknown>, patienceMs: number): Promise<RegisteredNumber> {
    this.#next += 1;
    const number = String(this.#next);
    const started = performance.now();
    const { sid } = await this.#post('', {
      sender_id: `whatsapp:+${number}`,
      configuration: { ...ACCOUNT, ...configuration },
      profile: { name: `Bench ${number}` },
    });
    const execution = this.#lastExecution(sid);
    const { signal } = this.#progress;
    // Nobody asks the API meanwhile: what the registration itself asks of AWS is counted.
    const isWanted = () => execution.states.includes('WaitForCode') || execution.status !== 'RUNNING';
    await until(isWanted, { what: `+${number} to be sent its code`, signal, patienceMs });
    const code = 'app_secret' in configuration ? await this.#codeOf(number) : DEVICE_CODE;
    const giveCode = async () => (await this.#send('POST', `/${sid}`, codeIs(code))).status === 202;
    if (execution.status === 'RUNNING') {
      // The state is entered a moment before its function waits.
      await until(giveCode, { what: `the code of +${number} to be taken`, signal, patienceMs: 10_000, everyMs: 100 });
    }
    await until(() => execution.status !== 'RUNNING', { what: `+${number} to be online`, signal, patienceMs });
    if (execution.status !== 'SUCCEEDED') {
      throw new Error(`+${number} was not registered: ${execution.status} ${execution.error} ${execution.cause}`);
    }
    return { sid, milliseconds: performance.now() - started, execution };
  }

  /** Deletes a number and waits until nothing of it is left. @returns the milliseconds that it took */
  async remove(sid: string, patienceMs: number): Promise<number> {
    const started = performance.now();
    const answer = await this.#send('DELETE', `/${sid}`);
    if (answer.status !== 204) throw new Error(`DELETE was answered ${answer.status}: ${await answer.text()}`);
    const execution = this.#lastExecution(sid);
    const { signal } = this.#progress;
    await until(() => execution.status !== 'RUNNING', { what: `${sid} to be removed`, signal, patienceMs });
    if (execution.status !== 'SUCCEEDED') throw new Error(`${sid} was not removed: ${execution.cause}`);
    return performance.now() - started;
  }

  #lastExecution(sid: string): Execution {
    const execution = this.#stack.executions().findLast(({ name }) => name.startsWith(sid));
    if (!execution) throw new Error(`Nothing was started for ${sid}.`);
    return execution;
  }

  async #codeOf(number: string): Promise<string> {
    const answer = await fetch(`${this.#stack.graphUrl}/control/numbers/${number}/codes?wait=1`);
    return codesSchema.parse(await answer.json()).codes.at(-1)?.text ?? '';
  }

  async #post(path: string, body: unknown): Promise<z.infer<typeof senderSchema>> {
    const answer = await this.#send('POST', path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The Senders API answered ${answer.status}: ${text}`);
    return senderSchema.parse(JSON.parse(text));
  }

  async #send(method: string, path: string, body?: unknown): Promise<Response> {
    const url = `${this.#stack.url}/v2/Channels/Senders${path}`;
    return await fetch(url, {
      method,
      headers: this.#headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
}

const codeIs = (code: string) => ({ configuration: { verification_code: code } });
