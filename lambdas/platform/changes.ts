/** The parts of an `UpdateCommand` that set what has a value and remove what is `undefined`. */
export interface UpdateParts {
  UpdateExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  /** Absent where there are none: DynamoDB refuses an empty one. */
  ExpressionAttributeValues?: Record<string, unknown>;
}

/**
 * An update of single attributes: what it does not name stays as somebody else may be writing it.
 * @param changes at least one; `undefined` removes an attribute
 * @param condition values that further expressions need, by placeholder: `{ ':status': 'ONLINE' }`
 */
export function updateParts(changes: Record<string, unknown>, condition: Record<string, unknown> = {}): UpdateParts {
  const names = Object.keys(changes);
  const set = names.filter((name) => changes[name] !== undefined);
  const removed = names.filter((name) => changes[name] === undefined);
  const clauses = [
    set.length > 0 ? `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}` : '',
    removed.length > 0 ? `REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const values = { ...Object.fromEntries(set.map((name) => [`:${name}`, changes[name]])), ...condition };
  return {
    UpdateExpression: clauses.filter((clause) => clause !== '').join(' '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}
