import { gateway } from './gateway.ts';
import { control, newNumber } from './simulator.ts';

const DEVICE_PASSWORD = 'Journey-1-device!';

/** A registered sender with a simulated device of its own, so tests do not share a rate limit or a conversation. */
export interface TestSender {
  sid: string;
  /** Digits only. */
  number: string;
  /** As in messages: `whatsapp:+15550001111`. */
  address: string;
}

export interface SenderOptions {
  number?: string;
  /** As the Senders API takes it: `{ callback_url, callback_method, status_callback_url … }`. */
  webhook?: Record<string, string>;
}

/** Makes a device in the simulator and registers it through the public Senders API. */
export async function createSender({ number = newNumber(), webhook }: SenderOptions = {}): Promise<TestSender> {
  await control('POST', '/devices', { number, password: DEVICE_PASSWORD });
  const address = `whatsapp:+${number}`;
  const { accountSid, authToken, devicesUrl, url } = gateway;
  const response = await fetch(`${url}/v2/Channels/Senders`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      sender_id: address,
      configuration: { url: `${devicesUrl}/devices/${number}`, username: 'admin', password: DEVICE_PASSWORD },
      profile: { name: `Journey ${number}` },
      ...(webhook && { webhook }),
    }),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`The Senders API answered ${response.status}: ${text}`);
  const { sid, status } = JSON.parse(text) as { sid: string; status: string };
  if (status !== 'ONLINE') throw new Error(`The sender ${address} is ${status}: ${text}`);
  return { sid, number, address };
}
