/** A function's ARN in the definitions of these tests. */
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

type Fields = Record<string, unknown>;

export const task = (name: string, next: string | undefined, fields: Fields = {}): Fields => ({
  Type: 'Task',
  Resource: functionArn(name),
  ...(next === undefined ? { End: true } : { Next: next }),
  ...fields,
});

export const waitForToken = (next: string | undefined, fields: Fields = {}): Fields => ({
  ...task('', next, fields),
  Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
  Parameters: {
    FunctionName: functionArn('Ask'),
    Payload: { 'token.$': '$$.Task.Token', 'execution.$': '$$.Execution.Id', 'who.$': '$.who' },
  },
});

/** A definition as a template has it; the first state is where it starts. */
export function definition(states: Record<string, Fields>, fields: Fields = {}): string {
  const [StartAt] = Object.keys(states);
  return JSON.stringify({ StartAt, States: states, ...fields });
}
