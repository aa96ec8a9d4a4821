import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Message } from '../../../lambdas/domain/message.ts';
import { newSid } from '../../../lambdas/domain/sid.ts';
import { conversationGroup } from '../../../lambdas/domain/tasks.ts';
import { CREDENTIALS, REGION } from '../../../local/aws.ts';
import { FaultBench, isThorough } from './bench.ts';
import type { BenchSender } from './flow.ts';

/*
 * A sender with a campaign, and many others who send a message now and then: how long theirs wait must not depend on how much of the
 * campaign still waits. Both runs have the same traffic on the same stack; only the backlog is longer in the second. Its entries are
 * written by the store that acceptance uses, and only those that are sent within the run have messages: the others are never read.
 */

const OTHERS = isThorough ? 199 : 20;
const BACKLOG = isThorough ? 50_000 : 1_000;
/** The campaign's own rate, low enough for two processors to run everything that follows from a message. */
const RATE = { perSecond: 8, burst: 8 };
const RUN_MS = isThorough ? 30_000 : 8_000;
/** The others' messages, each second. */
const OTHERS_PER_SECOND = 8;
/** All that is sent of the campaign while a run lasts, and somewhat more. */
const SENT_IN_RUN = Math.ceil((RUN_MS / 1_000) * RATE.perSecond * 1.5);
/** How much longer than without a backlog messages may wait, as a factor and, for what the clock cannot tell, in ms. */
const FACTOR = 1.2;
const RESOLUTION_MS = 50;

let bench: FaultBench;
beforeAll(async () => {
  bench = await FaultBench.start();
});
afterAll(() => bench.stop());

it('a backlog of one sender delays no other', async () => {
  const seeds = await startSeeds();
  const campaign = await seeds.campaign();
  const others: BenchSender[] = [];
  for (let count = 0; count < OTHERS; count += 1) others.push(await seeds.sender());

  // Sessions are obtained with the first message.
  for (const sid of await Promise.all(others.map(post))) await waitOf(sid);

  const runs: { waiting: number; sent: number; waits: number[] }[] = [];
  for (const count of [SENT_IN_RUN, BACKLOG]) {
    await seeds.backlog(campaign, count);
    // What acceptance would have queued at once is not there, so the sweep begins.
    await bench.sweep();
    const waiting = await seeds.waiting(campaign);
    const before = await arrived(campaign);
    const waits = await delays(others);
    runs.push({ waiting, sent: (await arrived(campaign)) - before, waits });
  }
  for (const { waiting, sent, waits } of runs) {
    const [median, p99] = [0.5, 0.99].map((share) => percentile(waits, share));
    console.log(
      `${waits.length} messages of ${OTHERS} senders waited ${median} ms (p99 ${p99} ms), while ${waiting} messages of a campaign waited and ${sent} were sent`,
    );
  }
  const [short, long] = runs;
  if (!short || !long) throw new Error('There were no two runs.');
  expect(long.waiting).toBeGreaterThan(BACKLOG * 0.9);
  // The campaign was under way in both.
  for (const { sent } of runs) expect(sent).toBeGreaterThan((RUN_MS / 1_000) * RATE.perSecond * 0.2);
  expect(percentile(long.waits, 0.99)).toBeLessThanOrEqual(percentile(short.waits, 0.99) * FACTOR + RESOLUTION_MS);
});

/** How many messages of the campaign have arrived. */
async function arrived({ number }: BenchSender): Promise<number> {
  const path = `/contacts/${contactOf(number)}/messages?direction=to-contact`;
  return (await bench.control<{ messages: unknown[] }>('GET', path)).messages.length;
}

/** Lets the others send for a while. @returns how long each message waited from its acceptance to its sending, in ms */
async function delays(others: readonly BenchSender[]): Promise<number[]> {
  const sids: string[] = [];
  const posts: Promise<void>[] = [];
  const gap = 1_000 / OTHERS_PER_SECOND;
  const end = Date.now() + RUN_MS;
  for (let count = 0; Date.now() < end; count += 1) {
    const sender = others[count % others.length];
    if (!sender) throw new Error('There are no other senders.');
    posts.push(post(sender).then((sid) => void sids.push(sid)));
    await delay(gap);
  }
  await Promise.all(posts);
  const waits: number[] = [];
  for (const sid of sids) waits.push(await waitOf(sid));
  return waits;
}

async function post({ number }: BenchSender): Promise<string> {
  const form = new URLSearchParams({ From: `whatsapp:+${number}`, To: `whatsapp:+${contactOf(number)}`, Body: 'Hi' });
  const { status, body } = await bench.call('POST', `${bench.account}/Messages.json`, form);
  if (status !== 201) throw new Error(`The API answered ${status}: ${JSON.stringify(body)}`);
  return String(body['sid']);
}

async function waitOf(sid: string): Promise<number> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const { body } = await bench.call('GET', `${bench.account}/Messages/${sid}/Timeline.json`);
    const entries = (body['timeline'] ?? []) as { at: string; event: string }[];
    const [queued, sending] = ['queued', 'sending'].map((event) => entries.find((entry) => entry.event === event)?.at);
    if (queued && sending) return Date.parse(sending) - Date.parse(queued);
    await delay(200);
  }
  throw new Error(`${sid} was not sent in a minute.`);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const contactOf = (number: string) => number.replace(/^1555/, '1666');

/** Writes straight into the stack's table what acceptance would write: 50,000 requests would take this machine half an hour. */
async function startSeeds() {
  const { endpoints, accountSid } = bench.stack;
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  });
  const { DynamoDBClient, ListTablesCommand } = await import('@aws-sdk/client-dynamodb');
  const { TableNames = [] } = await new DynamoDBClient({}).send(new ListTablesCommand({}));
  const table = TableNames[0] ?? '';
  const { BacklogStore } = await import('../../../lambdas/platform/stores/backlogs.ts');
  const { MessageStore } = await import('../../../lambdas/platform/stores/messages.ts');
  const { SenderStore } = await import('../../../lambdas/platform/stores/senders.ts');
  const { WindowStore } = await import('../../../lambdas/platform/stores/windows.ts');
  const backlogs = new BacklogStore(table);
  const messages = new MessageStore(table);
  const senders = new SenderStore(table);
  const windows = new WindowStore(table);

  /** A sender whose contact has written; the device was told so too. */
  async function sender(): Promise<BenchSender> {
    const made = await bench.createSender();
    const contact = contactOf(made.number);
    await bench.control('POST', `/contacts/${contact}/messages`, { to: made.number, text: 'Hi' });
    await windows.open(made.sid, contact, Date.now());
    return made;
  }

  return {
    sender,

    async campaign(): Promise<BenchSender> {
      const made = await sender();
      await senders.change({ accountSid, sid: made.sid }, { rate: RATE });
      return made;
    },

    /** Puts so many messages into the sender's backlog. */
    async backlog({ sid: senderSid, number }: BenchSender, count: number): Promise<void> {
      const owner = { accountSid, senderSid };
      const to = contactOf(number);
      // Older than anything that could still be on its way into the table.
      const from = Date.now() - 60_000;
      await backlogs.open(owner, Date.now());
      for (let done = 0; done < count; done += 50) {
        await Promise.all(
          Array.from({ length: Math.min(50, count - done) }, async (_, index) => {
            const place = done + index;
            const sid = newSid('SM', from + place);
            const validUntil = Date.now() + 4 * 3_600_000;
            const task = { accountSid, senderSid, messageSid: sid, validUntil };
            if (place < SENT_IN_RUN) await messages.insert(message({ sid, senderSid, from: number, to, validUntil }));
            // Conversations of their own: those of one contact would wait for each other.
            const group = conversationGroup(senderSid, `${to}-${place}`);
            await backlogs.add(sid.slice(2), { task, group, ttl: Math.floor(validUntil / 1_000) });
          }),
        );
      }
      await backlogs.open(owner, Date.now());
    },

    /** How many entries of the sender have not been released. */
    async waiting({ sid }: BenchSender): Promise<number> {
      const items = await bench.stack.items();
      const cursor = String(items.find(({ pk }) => pk === `PACE#${sid}`)?.['cursor'] ?? '');
      return items.filter(({ pk, sk }) => pk === `BACKLOG#${sid}` && String(sk) > cursor).length;
    },
  };

  function message({
    sid,
    senderSid,
    from,
    to,
    validUntil,
  }: {
    sid: string;
    senderSid: string;
    from: string;
    to: string;
    validUntil: number;
  }): Message {
    const at = new Date(Date.now()).toISOString();
    return {
      sid,
      accountSid,
      senderSid,
      channel: 'whatsapp',
      direction: 'outbound-api',
      from,
      to,
      body: 'A campaign',
      media: [],
      status: 'queued',
      backlogged: true,
      dateCreated: at,
      dateUpdated: at,
      validUntil: new Date(validUntil).toISOString(),
      attempt: 0,
      channelMessageIds: [],
      timeline: [{ at, event: 'queued', by: 'api' }],
    };
  }
}
