import { RemovalPolicy } from 'aws-cdk-lib/core';
import type { SwitchboardConfig } from '../config.ts';

/**
 * The removal policy of whatever holds customers' data. "Retain" still lets go of what a failed first deployment made,
 * so that a second try does not leave a trail of empty tables.
 */
export function removalPolicyOf(config: Pick<SwitchboardConfig, 'removalPolicy'>): RemovalPolicy {
  return config.removalPolicy === 'retain' ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
