/** What an expression in a template can refer to. Every lookup throws when there is no such thing. */
export interface Scope {
  /** `Ref` of a resource, parameter or pseudo parameter such as `AWS::Region`. */
  reference(name: string): Promise<unknown>;
  attribute(logicalId: string, name: string): Promise<unknown>;
  importValue(exportName: string): Promise<unknown>;
  stackOutput(stackName: string, outputName: string): Promise<unknown>;
  mapping(map: string, first: string, second: string): unknown;
  condition(name: string): Promise<boolean>;
}

/** What `Ref: AWS::NoValue` gives: the property or list element that holds it is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

type Evaluate = (argument: unknown, scope: Scope) => Promise<unknown>;

/**
 * Evaluates the intrinsic functions in a template value, however deep they are.
 * @throws naming the function, when a template uses one that is not known here
 */
export async function evaluate(value: unknown, scope: Scope): Promise<unknown> {
  if (Array.isArray(value)) {
    const elements = await Promise.all(value.map((element) => evaluate(element, scope)));
    return elements.filter((element) => element !== NO_VALUE);
  }
  if (!isRecord(value)) return value;
  const [key, ...others] = Object.keys(value);
  if (key !== undefined && others.length === 0 && isIntrinsic(key)) {
    const intrinsic = INTRINSICS[key];
    if (!intrinsic) throw new Error(`The template uses ${key}, which the local stack does not know.`);
    return await intrinsic(value[key], scope);
  }
  const result: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(value)) {
    const evaluated = await evaluate(property, scope);
    if (evaluated !== NO_VALUE) result[name] = evaluated;
  }
  return result;
}

const INTRINSICS: Record<string, Evaluate> = {
  Ref: (argument, scope) => scope.reference(text(argument)),
  Condition: (argument, scope) => scope.condition(text(argument)),
  'Fn::GetAtt': async (argument, scope) => {
    // The short form is one string, `LogicalId.Attribute.Path`.
    const [logicalId, ...path] = Array.isArray(argument) ? argument : text(argument).split('.');
    return await scope.attribute(
      text(logicalId),
      text(await evaluate(path.length === 1 ? path[0] : path.join('.'), scope)),
    );
  },
  'Fn::ImportValue': async (argument, scope) => scope.importValue(text(await evaluate(argument, scope))),
  'Fn::GetStackOutput': async (argument, scope) => {
    const where = await evaluate(argument, scope);
    if (!isRecord(where)) throw new Error('Fn::GetStackOutput needs StackName and OutputName.');
    return await scope.stackOutput(text(where['StackName']), text(where['OutputName']));
  },
  'Fn::Join': async (argument, scope) => {
    const [separator, values] = list(argument);
    return list(await evaluate(values, scope))
      .map(text)
      .join(text(separator));
  },
  'Fn::Split': async (argument, scope) => {
    const [separator, value] = list(argument);
    return text(await evaluate(value, scope)).split(text(separator));
  },
  'Fn::Select': async (argument, scope) => {
    const [index, values] = list(await evaluate(argument, scope));
    const position = Number(index);
    const selected = list(values)[position];
    if (selected === undefined) throw new Error(`Fn::Select finds no element ${position}.`);
    return selected;
  },
  'Fn::Sub': async (argument, scope) => {
    const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
    const known = await evaluate(variables, scope);
    return await substitute(text(pattern), isRecord(known) ? known : {}, scope);
  },
  'Fn::FindInMap': async (argument, scope) => {
    const [map, first, second] = list(await evaluate(argument, scope)).map(text);
    return scope.mapping(text(map), text(first), text(second));
  },
  'Fn::Base64': async (argument, scope) => Buffer.from(text(await evaluate(argument, scope))).toString('base64'),
  'Fn::GetAZs': async (_argument, scope) => {
    const region = text(await scope.reference('AWS::Region'));
    return [`${region}a`, `${region}b`];
  },
  'Fn::If': async (argument, scope) => {
    const [condition, whenTrue, whenFalse] = list(argument);
    return await evaluate((await scope.condition(text(condition))) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': async (argument, scope) => {
    const [left, right] = list(await evaluate(argument, scope));
    return String(left) === String(right);
  },
  'Fn::Not': async (argument, scope) => !list(await evaluate(argument, scope))[0],
  'Fn::And': async (argument, scope) => list(await evaluate(argument, scope)).every(Boolean),
  'Fn::Or': async (argument, scope) => list(await evaluate(argument, scope)).some(Boolean),
};

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');
}

/** `${Name}` is a Ref, `${Name.Attribute}` a GetAtt, `${!Name}` stays as `${Name}`. */
async function substitute(pattern: string, variables: Record<string, unknown>, scope: Scope): Promise<string> {
  const pieces: string[] = [];
  let position = 0;
  for (const match of pattern.matchAll(/\$\{([^}]*)\}/g)) {
    const name = match[1]?.trim() ?? '';
    pieces.push(pattern.slice(position, match.index));
    position = match.index + match[0].length;
    if (name.startsWith('!')) pieces.push(`\${${name.slice(1)}}`);
    else if (Object.hasOwn(variables, name)) pieces.push(text(variables[name]));
    else if (name.includes('.')) pieces.push(text(await INTRINSICS['Fn::GetAtt']?.(name, scope)));
    else pieces.push(text(await scope.reference(name)));
  }
  return pieces.join('') + pattern.slice(position);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`The template has ${JSON.stringify(value)} where a list belongs.`);
  return value;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`The template has ${JSON.stringify(value)} where a text belongs.`);
}
