import middy from '@middy/core';
import { readEnvironment } from '../platform/environment.ts';
import { openFleet } from './fleet.ts';
import { runStep, type StepAnswer } from './run-step.ts';

const environment = readEnvironment('FLEET', 'TABLE_NAME');
const fleet = openFleet(environment.FLEET, environment.TABLE_NAME);

/** The steps of the state machines that make and remove a number's containers, database and media. */
export const handler = middy(async (event: unknown): Promise<StepAnswer> => runStep(event, fleet));
