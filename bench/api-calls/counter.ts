import type { SQSClient } from '@aws-sdk/client-sqs';

export type Service = 'API Gateway' | 'Lambda' | 'SQS' | 'DynamoDB' | 'Secrets Manager';

/** How often one operation was called by one function, or for it. */
export interface Count {
  service: Service;
  operation: string;
  /** The function. */
  by: string;
  calls: number;
  /** DynamoDB capacity units that the calls took together. */
  writeUnits: number;
  readUnits: number;
}

/** Counts calls by service, operation and function. */
export class CallCounter {
  #counts = new Map<string, Count>();
  #underWay = 0;
  #sequential: Service[] = [];
  /** The function that is running: one at a time. */
  by = '';

  add(service: Service, operation: string, units: { writeUnits?: number; readUnits?: number } = {}): void {
    const { by } = this;
    const name = `${service} ${operation} ${by}`;
    const count = this.#counts.get(name) ?? { service, operation, by, calls: 0, writeUnits: 0, readUnits: 0 };
    count.calls += 1;
    count.writeUnits += units.writeUnits ?? 0;
    count.readUnits += units.readUnits ?? 0;
    this.#counts.set(name, count);
  }

  /** What was counted since the last call of this. */
  take(): Count[] {
    const counts = [...this.#counts.values()];
    this.#counts = new Map();
    return counts;
  }

  /** A call to AWS, until what is returned is called. Calls that begin while another one is under way cost no more time. */
  begin(service: Service): () => void {
    if (this.#underWay === 0) this.#sequential.push(service);
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }

  /** The services of the calls that had to be waited for one after the other, since the last call of this. */
  takeSequential(): Service[] {
    return this.#sequential.splice(0);
  }
}

/** Every SDK client has this stack; the types of one stand for all, which differ only in their commands. */
type MiddlewareStack = SQSClient['middlewareStack'];

const READS = /^(Get|BatchGet|Query|Scan)/;

/**
 * Counts every request that a client sends from now on, repetitions by its retry strategy included. DynamoDB is asked for
 * the capacity that each call consumed, which changes neither the calls nor what they do.
 * @param role is added to the operation's name
 */
export function countRequests(
  client: { middlewareStack: unknown },
  service: Service,
  counter: CallCounter,
  role = '',
): void {
  const stack = client.middlewareStack as MiddlewareStack;
  if (service === 'DynamoDB') {
    stack.add(
      (next) => (args) => next({ ...args, input: Object.assign({}, args.input, { ReturnConsumedCapacity: 'TOTAL' }) }),
      { step: 'initialize', name: 'askForCapacity' },
    );
  }
  /** What the last update of an item took, by its key. */
  const updates = new Map<string, number>();
  stack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const operation = commandName.replace(/Command$/, '') + role;
        const key = JSON.stringify('Key' in args.input ? args.input.Key : undefined);
        const end = counter.begin(service);
        try {
          const result = await next(args);
          // A poll that finds nothing belongs to no message: it is what an idle queue costs.
          if (isEmptyReceive(commandName, result.output)) return result;
          const units = unitsOf(operation, result.output);
          counter.add(service, operation, units);
          if (operation === 'UpdateItem') updates.set(key, units.writeUnits ?? 0);
          return result;
        } catch (error) {
          // A write whose condition does not hold is paid for all the same, by the item's size, but the error does not say it.
          const refused = error instanceof Error && error.name === 'ConditionalCheckFailedException';
          const units = refused ? { writeUnits: updates.get(key) ?? 1 } : {};
          counter.add(service, `${operation}, ${refused ? 'condition false' : 'failed'}`, units);
          throw error;
        } finally {
          end();
        }
      },
    // Inside the retries.
    { step: 'finalizeRequest', name: 'countRequests', priority: 'low' },
  );
}

function isEmptyReceive(commandName: string, output: object): boolean {
  return commandName === 'ReceiveMessageCommand' && !(output as { Messages?: unknown[] }).Messages?.length;
}

function unitsOf(operation: string, output: object): { readUnits?: number; writeUnits?: number } {
  const units = (output as { ConsumedCapacity?: { CapacityUnits?: number } }).ConsumedCapacity?.CapacityUnits ?? 0;
  return READS.test(operation) ? { readUnits: units } : { writeUnits: units };
}
