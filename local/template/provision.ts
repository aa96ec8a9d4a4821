import { ACCOUNT_ID, REGION } from '../aws.ts';
import type { StackTemplate } from './assembly.ts';
import { evaluate, NO_VALUE, type Scope } from './intrinsics.ts';

/** A resource of a template with its properties evaluated. */
export interface Resource {
  stackName: string;
  logicalId: string;
  /** Where it is in the construct tree, without stack and `Resource`: `Switchboard/Outbound/Deliver`. */
  path: string;
  type: string;
  properties: Record<string, unknown>;
}

/** What other resources can learn about a resource: its `Ref` and its `Fn::GetAtt`s. */
export interface Identity {
  ref: string;
  attributes: Record<string, string>;
}

/** Makes one type of resource. */
export type Handler = (resource: Resource) => Identity | Promise<Identity>;

const PSEUDO_PARAMETERS: Record<string, unknown> = {
  'AWS::AccountId': ACCOUNT_ID,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NoValue': NO_VALUE,
  'AWS::NotificationARNs': [],
};

/**
 * Makes every resource of every stack, each after those it refers to, across stacks too.
 * @param handlers how each type is made
 * @param ignored types that mean nothing on one machine; what refers to one gets a name that stands for it
 * @returns the outputs of all stacks by name
 * @throws naming the resource, when a type is in neither list or a resource cannot be made
 */
export async function provision(
  stacks: readonly StackTemplate[],
  handlers: Readonly<Record<string, Handler>>,
  ignored: ReadonlySet<string>,
): Promise<Record<string, string>> {
  const refuse = stacks.flatMap(({ template }) =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => !handlers[Type] && !ignored.has(Type))
      .map(([logicalId, { Type }]) => `${Type} (${logicalId})`),
  );
  if (refuse.length > 0) {
    throw new Error(`The local stack does not know how to run ${refuse.join(', ')}. See local/resources.ts.`);
  }
  const provisioner = new Provisioner(stacks, handlers, ignored);
  for (const stack of stacks) {
    await Promise.all(Object.keys(stack.template.Resources).map((logicalId) => provisioner.identity(stack, logicalId)));
  }
  return await provisioner.outputs();
}

class Provisioner {
  readonly #stacks: readonly StackTemplate[];
  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #ignored: ReadonlySet<string>;
  readonly #identities = new Map<string, Promise<Identity | undefined>>();

  constructor(
    stacks: readonly StackTemplate[],
    handlers: Readonly<Record<string, Handler>>,
    ignored: ReadonlySet<string>,
  ) {
    this.#stacks = stacks;
    this.#handlers = handlers;
    this.#ignored = ignored;
  }

  /** Nothing when the resource's condition is false. */
  identity(stack: StackTemplate, logicalId: string): Promise<Identity | undefined> {
    const key = `${stack.name}/${logicalId}`;
    const known = this.#identities.get(key);
    if (known) return known;
    const made = this.#make(stack, logicalId);
    this.#identities.set(key, made);
    return made;
  }

  async outputs(): Promise<Record<string, string>> {
    const outputs: Record<string, string> = {};
    for (const stack of this.#stacks) {
      for (const [name, { Value }] of Object.entries(stack.template.Outputs)) {
        outputs[name] = String(await evaluate(Value, this.#scope(stack)));
      }
    }
    return outputs;
  }

  async #make(stack: StackTemplate, logicalId: string): Promise<Identity | undefined> {
    const declared = stack.template.Resources[logicalId];
    if (!declared) throw new Error(`The stack ${stack.name} refers to ${logicalId}, which it does not have.`);
    const scope = this.#scope(stack);
    if (declared.Condition !== undefined && !(await scope.condition(declared.Condition))) return undefined;
    if (this.#ignored.has(declared.Type)) return standIn(declared.Type, logicalId);
    const handler = this.#handlers[declared.Type];
    if (!handler) throw new Error(`The local stack does not know how to run ${declared.Type}.`);
    const path = pathOf(stack, logicalId);
    try {
      const properties = (await evaluate(declared.Properties, scope)) as Record<string, unknown>;
      return await handler({ stackName: stack.name, logicalId, path, type: declared.Type, properties });
    } catch (error) {
      throw new Error(`Cannot make ${path} (${declared.Type}): ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  #scope(stack: StackTemplate): Scope {
    const { template } = stack;
    const resource = async (logicalId: string) => {
      const identity = await this.identity(stack, logicalId);
      if (!identity) throw new Error(`${logicalId} is switched off by its condition, but something refers to it.`);
      return identity;
    };
    const scope: Scope = {
      reference: async (name) => {
        if (name === 'AWS::StackName') return stack.name;
        if (name === 'AWS::StackId') return `arn:aws:cloudformation:${REGION}:${ACCOUNT_ID}:stack/${stack.name}/local`;
        if (Object.hasOwn(PSEUDO_PARAMETERS, name)) return PSEUDO_PARAMETERS[name];
        const parameter = template.Parameters[name];
        if (parameter) return parameter.Default;
        return (await resource(name)).ref;
      },
      attribute: async (logicalId, name) => {
        const { attributes } = await resource(logicalId);
        const value = attributes[name] ?? attributes['*'];
        if (value === undefined) throw new Error(`${logicalId} has no attribute ${name} in the local stack.`);
        return value;
      },
      importValue: async (exportName) => {
        for (const exporter of this.#stacks) {
          for (const output of Object.values(exporter.template.Outputs)) {
            if (!output.Export) continue;
            const name = await evaluate(output.Export.Name, this.#scope(exporter));
            if (name === exportName) return await evaluate(output.Value, this.#scope(exporter));
          }
        }
        throw new Error(`No stack exports ${exportName}.`);
      },
      stackOutput: async (stackName, outputName) => {
        const exporter = this.#stacks.find(({ name }) => name === stackName);
        const output = exporter?.template.Outputs[outputName];
        if (!exporter || !output) throw new Error(`There is no output ${outputName} of a stack ${stackName}.`);
        return await evaluate(output.Value, this.#scope(exporter));
      },
      mapping: (map, first, second) => {
        const value = template.Mappings[map]?.[first]?.[second];
        if (value === undefined) throw new Error(`The mapping ${map} has no ${first}, ${second}.`);
        return value;
      },
      condition: async (name) => {
        if (!Object.hasOwn(template.Conditions, name)) throw new Error(`There is no condition ${name}.`);
        return (await evaluate(template.Conditions[name], scope)) === true;
      },
    };
    return scope;
  }
}

/** In the form of an ARN, since templates take ARNs apart. `*` stands for any attribute. */
function standIn(type: string, logicalId: string): Identity {
  return { ref: logicalId, attributes: { '*': `arn:aws:${type.split('::')[1]}:${REGION}:${ACCOUNT_ID}:${logicalId}` } };
}

function pathOf({ template }: StackTemplate, logicalId: string): string {
  const path = template.Resources[logicalId]?.Metadata['aws:cdk:path'];
  if (typeof path !== 'string') return logicalId;
  const parts = path.split('/').slice(1);
  return (parts.at(-1) === 'Resource' ? parts.slice(0, -1) : parts).join('/');
}
