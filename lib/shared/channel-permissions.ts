import { bundledSpecs } from './bundling.ts';

/** What a channel needs to be allowed in AWS, where requests to its provider are signed with the function's own role. */
export interface ChannelPermission {
  /** The channel's name. */
  readonly channel: string;
  /** All of one service. */
  readonly actions: readonly string[];
  /** What follows the account in an ARN: `phone-number/*`. Default: everything. */
  readonly resources?: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What is read of a spec here. */
interface BundledSpec {
  name: string;
  auth: { permissions?: Omit<ChannelPermission, 'channel'>[] };
}

/** The `auth.permissions` of all specs. */
export function channelPermissions(): ChannelPermission[] {
  return [...bundledSpecs().values()].flatMap((json) => {
    const { name, auth }: BundledSpec = JSON.parse(json);
    return (auth.permissions ?? []).map((permission) => ({ channel: name, ...permission }));
  });
}
