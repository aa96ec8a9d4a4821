import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const localFileSchema = z.object({
  url: z.string(),
  accountSid: z.string(),
  authToken: z.string(),
  /** As in messages: `whatsapp:+15550001111`. */
  sender: z.string(),
  contact: z.string(),
  simulatorUrl: z.string(),
  /** What plays the part of Meta that registers numbers, and what plays the providers of all other channels. */
  graphUrl: z.string(),
  providersUrl: z.string(),
  /** A second number, on containers of its own; there from the moment that it can send. */
  registeredSender: z.string().optional(),
  pid: z.number(),
});

/** What other programs need to know of the stack that runs: `.switchboard/local.json`. */
export type LocalFile = z.infer<typeof localFileSchema>;

/** Writes the file so that whoever reads it finds all of it or nothing. Only its owner may read it: it holds a token. */
export async function writeLocalFile(path: string, content: LocalFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${content.pid}`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

/** Removes the file, unless a stack that was started later has replaced it. */
export async function removeLocalFile(path: string, pid: number): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return;
  }
  const content = localFileSchema.pick({ pid: true }).safeParse(JSON.parse(text));
  if (content.success && content.data.pid === pid) await rm(path, { force: true });
}
