import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SimulatorOptions } from '../../../simulators/whatsapp/options.ts';
import { type Simulator, startSimulator } from '../../../simulators/whatsapp/simulator.ts';

export const DEVICE = '15550001111';
export const OTHER_DEVICE = '15550002222';
export const CONTACT = '15552223333';
export const PASSWORD = 'Sandbox-1234';

export type JsonObject = Record<string, unknown>;

export interface Reply {
  status: number;
  json: JsonObject;
  text: string;
}

/** Reads a string out of JSON by its path, `users.0.token`. */
export function textAt(json: unknown, path: string): string {
  let value = json;
  for (const key of path.split('.')) value = (value as JsonObject | undefined)?.[key];
  if (typeof value !== 'string') throw new Error(`No text at ${path} of ${JSON.stringify(json)}`);
  return value;
}

/** A real HTTP receiver of webhooks: keeps what comes, answers 200 or what it is told to. */
export class Receiver {
  readonly received: { body: JsonObject; headers: Record<string, unknown> }[] = [];
  /** Statuses for the next webhooks; then 200 again. */
  readonly answers: number[] = [];
  /** While set, webhooks get no answer until `release`. */
  holding = false;
  concurrent = 0;
  mostConcurrent = 0;
  #held: (() => void)[] = [];
  #watchers = new Set<() => void>();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    this.concurrent += 1;
    this.mostConcurrent = Math.max(this.mostConcurrent, this.concurrent);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.received.push({ body: JSON.parse(Buffer.concat(chunks).toString()), headers: request.headers });
      const status = this.answers.shift() ?? 200;
      const answer = () => {
        this.concurrent -= 1;
        response.writeHead(status, status === 301 ? { location: `${this.url}/elsewhere` } : {}).end();
      };
      if (this.holding) this.#held.push(answer);
      else answer();
      for (const watcher of [...this.#watchers]) watcher();
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  release(): void {
    this.holding = false;
    for (const answer of this.#held.splice(0)) answer();
  }

  /** Resolves once so many webhooks have come in all. */
  async waitFor(count: number): Promise<void> {
    if (this.received.length >= count) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (this.received.length < count) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
    });
  }

  /** All statuses received so far, in order. */
  get statuses(): JsonObject[] {
    return this.received.flatMap(({ body }) => (body['statuses'] ?? []) as JsonObject[]);
  }

  get statusNames(): unknown[] {
    return this.statuses.map((entry) => entry['status']);
  }

  get messages(): JsonObject[] {
    return this.received.flatMap(({ body }) => (body['messages'] ?? []) as JsonObject[]);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

/** One device of the simulator, with a token once logged in. */
export class DeviceClient {
  readonly base: string;
  token = '';

  constructor(base: string) {
    this.base = base;
  }

  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return call(this.base, method, path, body, { authorization: `Bearer ${this.token}`, ...headers });
  }

  login(username: string, password: string, body?: unknown): Promise<Reply> {
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    return call(this.base, 'POST', '/v1/users/login', body, { authorization: `Basic ${credentials}` });
  }

  /** Logs in and keeps the token. */
  async enter(username = 'admin', password = PASSWORD, body?: unknown): Promise<void> {
    const { status, json } = await this.login(username, password, body);
    if (status !== 200) throw new Error(`Login answered ${status}: ${JSON.stringify(json)}`);
    this.token = textAt(json, 'users.0.token');
  }

  async sendText(body = 'Hello', to = CONTACT): Promise<string> {
    const { status, json } = await this.call('POST', '/v1/messages', { to, type: 'text', text: { body } });
    if (status !== 201) throw new Error(`Send answered ${status}: ${JSON.stringify(json)}`);
    return textAt(json, 'messages.0.id');
  }
}

async function call(
  base: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Reply> {
  const content =
    body === undefined || typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body);
  const response = await fetch(base + path, { method, headers, body: (content as string | undefined) ?? null });
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, json: isJson ? JSON.parse(text) : {}, text };
}

/** A simulator whose time stands still, a webhook receiver, and a client for each. */
export class Bench {
  readonly simulator: Simulator;
  readonly receiver: Receiver;
  readonly device: DeviceClient;

  constructor(simulator: Simulator, receiver: Receiver) {
    this.simulator = simulator;
    this.receiver = receiver;
    this.device = new DeviceClient(simulator.url);
  }

  deviceClient(number: string): DeviceClient {
    return new DeviceClient(`${this.simulator.url}/devices/${number}`);
  }

  control(method: string, path: string, body?: unknown): Promise<Reply> {
    return call(this.simulator.url, method, `/control${path}`, body, {});
  }

  /** Moves time; 0 waits for the webhooks under way. */
  async advance(milliseconds: number): Promise<void> {
    const { status, text } = await this.control('POST', '/clock', { advanceMs: milliseconds });
    if (status !== 200) throw new Error(text);
  }

  async now(): Promise<number> {
    return Date.parse(textAt((await this.control('GET', '/clock')).json, 'now'));
  }

  async write(body: Record<string, unknown>, from = CONTACT): Promise<JsonObject> {
    const { status, json } = await this.control('POST', `/contacts/${from}/messages`, body);
    if (status !== 201) throw new Error(JSON.stringify(json));
    await this.advance(0);
    return json;
  }

  async phone(contact = CONTACT, query = ''): Promise<JsonObject[]> {
    return (await this.control('GET', `/contacts/${contact}/messages${query}`)).json['messages'] as JsonObject[];
  }

  /** Logs in, sets the webhook with all statuses on, and lets the contact open the window. */
  async connect(settings: Record<string, unknown> = { sent_status: true }): Promise<void> {
    await this.device.enter();
    const change = { ...settings, webhooks: { url: `${this.receiver.url}/hook` } };
    const { status, text } = await this.device.call('PATCH', '/v1/settings/application', change);
    if (status !== 200) throw new Error(text);
    await this.write({ text: 'Hi' });
    this.receiver.received.length = 0;
  }

  async stop(): Promise<void> {
    await this.simulator.stop();
    await this.receiver.stop();
  }
}

export async function startBench(options: SimulatorOptions = {}): Promise<Bench> {
  const receiver = new Receiver();
  await receiver.start();
  const numbers = [DEVICE, OTHER_DEVICE];
  const bench = new Bench(await startSimulator({ numbers, adminPassword: PASSWORD, ...options }), receiver);
  await bench.control('POST', '/clock', { frozen: true });
  return bench;
}

/** Runs `work` on a bench of its own, and cleans up. */
export async function onBench(options: SimulatorOptions, work: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await startBench(options);
  try {
    await work(bench);
  } finally {
    await bench.stop();
  }
}
