import { toIso } from '../../platform/clock.ts';
import { GraphRefusal } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { deregisterNumber, fetchNumber, registerNumber, setPin } from '../graph/phone-number.ts';
import { TryAgain } from './errors.ts';
import { graphOf, numberIdOf } from './graph-of.ts';
import { DONE, type Job, type Step } from './job.ts';
import { hasOwnPin, pinOf } from './pin.ts';

/** A deregistration of before is not complete: it has to be done again. */
const INCOMPLETE_DEREGISTRATION = 133000;
const WRONG_PIN = 133005;

/** RegisterNumber: for the Cloud API, with the PIN. One that is registered already is left alone: Meta counts the calls. */
export const registerCloudNumber: Step = async (job) => {
  const graph = await graphOf(job);
  const id = numberIdOf(job);
  const { status, platform_type: platform } = await fetchNumber(graph, id, ['status', 'platform_type']);
  if (status !== 'CONNECTED' || platform !== 'CLOUD_API') await register(job, graph, id);
  return DONE;
};

async function register(job: Job, graph: Graph, id: string): Promise<void> {
  const pin = await pinOf(job);
  // Recorded first: what the gateway has registered, it deregisters again.
  await job.changeRecord({ registeredAt: toIso(job.now) });
  try {
    await registerNumber(graph, id, pin);
  } catch (error) {
    if (!(error instanceof GraphRefusal)) throw error;
    if (error.code === INCOMPLETE_DEREGISTRATION) {
      await deregisterNumber(graph, id);
      throw new TryAgain('The number had to be deregistered once more before it can be registered.');
    }
    // A number that a deleted sender had keeps the PIN that was made up then, and that nobody knows any more. A customer who
    // gives a PIN means that one.
    if (error.code !== WRONG_PIN || !hasOwnPin(await job.secret())) throw error;
    await setPin(graph, id, pin);
    await registerNumber(graph, id, pin);
  }
}
