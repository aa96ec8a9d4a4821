import { registerCloudNumber } from '../../../lib/senders/workflows/register-cloud-number.ts';
import { registerDevice } from '../../../lib/senders/workflows/register-device.ts';
import { retireNumber } from '../../../lib/senders/workflows/retire-number.ts';
import type { Definition } from '../../../lib/senders/workflows/states.ts';
import { updateNumber } from '../../../lib/senders/workflows/update-number.ts';

/** The functions behind the steps, as ARNs that no account has. */
export const FUNCTIONS = {
  register: 'arn:aws:lambda:eu-central-1:111122223333:function:Register',
  fleet: 'arn:aws:lambda:eu-central-1:111122223333:function:Fleet',
};

/** Every workflow of a gateway that runs devices, under the id of its construct. */
export const DEFINITIONS = {
  RegisterDevice: registerDevice(FUNCTIONS),
  RegisterCloudNumber: registerCloudNumber(FUNCTIONS),
  UpdateNumber: updateNumber(FUNCTIONS),
  RetireNumber: retireNumber(FUNCTIONS),
} satisfies Record<string, Definition>;
