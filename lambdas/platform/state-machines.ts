import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  InvalidToken,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import { type ExecutionInput, executionArn } from '../domain/registration.ts';
import { stepFunctions } from './clients.ts';

/**
 * Starts the execution of that name, once: asked again it finds the first one, also when that has ended already.
 * @param name the same for the same purpose (see `executionName`); AWS remembers names for 90 days
 */
export async function startExecution(stateMachineArn: string, name: string, input: ExecutionInput): Promise<void> {
  try {
    const { executionArn: started } = await stepFunctions.send(
      new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }),
    );
    // Whoever acts for a sender is told by the ARN that was stored before the start.
    const expected = executionArn(stateMachineArn, name);
    if (started !== expected) throw new Error(`The execution ${expected} was started as ${started}.`);
  } catch (error) {
    if (!(error instanceof ExecutionAlreadyExists)) throw error;
  }
}

/** How an execution is doing; undefined when there is none of that name: it was never started. */
export async function executionStatus(arn: string): Promise<ExecutionStatus | undefined> {
  try {
    return (await stepFunctions.send(new DescribeExecutionCommand({ executionArn: arn }))).status;
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return undefined;
    throw error;
  }
}

/** Stops an execution where it stands; one that has ended, or never was, is no error. A step under way is not cut off. */
export async function stopExecution(arn: string, cause: string): Promise<void> {
  try {
    await stepFunctions.send(new StopExecutionCommand({ executionArn: arn, cause }));
  } catch (error) {
    if (!(error instanceof ExecutionDoesNotExist)) throw error;
  }
}

/**
 * Gives a waiting task its result.
 * @returns false when nobody waits with this token any more: it was answered already, or its time is over
 */
export async function answerTask(taskToken: string, output: unknown): Promise<boolean> {
  try {
    await stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    return true;
  } catch (error) {
    const isOver = error instanceof TaskTimedOut || error instanceof TaskDoesNotExist || error instanceof InvalidToken;
    if (!isOver) throw error;
    return false;
  }
}
