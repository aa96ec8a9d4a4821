import { onTestFinished } from 'vitest';
import { type GraphSimulatorOptions, startGraphSimulator } from '../../../simulators/graph/simulator.ts';

export const WABA = '1000000001';
const TOKEN = 'sandbox-access-token';

type Json = Record<string, unknown>;

/** A Graph simulator of one test, and how to call it. */
export async function startGraph(options: GraphSimulatorOptions = {}) {
  const simulator = await startGraphSimulator({ approvalDelayMs: 0, ...options });
  onTestFinished(() => simulator.stop());
  const send = async (method: string, url: string, headers: Record<string, string>, body?: Json) => {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, json: (text ? JSON.parse(text) : undefined) as Json };
  };
  return {
    ...simulator,
    graph: (method: string, path: string, body?: Json, token: string | undefined = TOKEN) =>
      send(method, `${simulator.url}/v25.0${path}`, token ? { authorization: `Bearer ${token}` } : {}, body),
    control: (method: string, path: string, body?: Json) => send(method, `${simulator.url}/control${path}`, {}, body),
    /** Adds a number and answers its id. */
    async addNumber(number = '15550002222', name = 'Shop') {
      const body = { cc: '1', phone_number: number, verified_name: name };
      const { json } = await this.graph('POST', `/${WABA}/phone_numbers`, body);
      return String(json['id']);
    },
    /** The newest code as digits. */
    async code(number = '15550002222') {
      const { json } = await this.control('GET', `/numbers/${number}/codes?wait=1`);
      return String((json['codes'] as { text: string }[]).at(-1)?.text).replace('-', '');
    },
  };
}
