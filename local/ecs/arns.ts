import { ACCOUNT_ID, REGION } from '../aws.ts';

const PREFIX = `arn:aws:ecs:${REGION}:${ACCOUNT_ID}`;

export const clusterArn = (cluster: string) => `${PREFIX}:cluster/${cluster}`;
export const serviceArn = (cluster: string, name: string) => `${PREFIX}:service/${cluster}/${name}`;
export const taskArn = (cluster: string, id: string) => `${PREFIX}:task/${cluster}/${id}`;
export const definitionArn = (family: string, revision: number) => `${PREFIX}:task-definition/${family}:${revision}`;

/** The name at the end of an ARN, or the name itself: ECS takes both. */
export function nameOf(nameOrArn: string): string {
  return nameOrArn.split('/').at(-1) ?? nameOrArn;
}
