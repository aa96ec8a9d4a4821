import { Stack, Validations } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/**
 * Accepts one cdk-nag finding on a construct and what is inside it, with the reason why it is right here.
 * @param rule the finding's id as cdk-nag prints it: `AwsSolutions-SMG4`, `AwsSolutions-IAM5[Resource::*]`
 */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: rule, reason });
}

/** Accepts that a role's permission covers all resources whose ARN matches this pattern. */
export function acknowledgePattern(construct: Construct, arn: string, reason: string): void {
  // How cdk-nag spells an ARN of another stack is known only when references between stacks have been settled: at validation.
  construct.node.addValidation({
    validate: () => {
      const spelled = spellOut(Stack.of(construct).resolve(arn));
      acknowledge(construct, `AwsSolutions-IAM5[Resource::${spelled}]`, reason);
      return [];
    },
  });
}

/** An ARN as cdk-nag spells it: what is known only at deployment in angle brackets, `arn:<AWS::Partition>:…`. */
function spellOut(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if ('Ref' in value) return `<${value.Ref}>`;
  if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return `<${value['Fn::GetAtt'].join('.')}>`;
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(spellOut).join(separator);
  }
  return JSON.stringify(value);
}
