import { z } from 'zod';

const phoneNumber = z
  .string()
  .regex(/^\+?[1-9]\d{6,14}$/, 'must be a phone number in E.164 form, such as "+15550001111"')
  .transform((number) => number.replace('+', ''));

const image = z.string().min(1, 'must be the name of a container image');

/** Aurora's measure: 2 GiB of memory with the processor and network that go with it, in steps of a half. */
const capacityUnits = z.number().multipleOf(0.5, 'must be in steps of 0.5').max(256);

/** The database of the devices: one Aurora Serverless v2 cluster for all numbers. */
const databaseSchema = z
  .strictObject({
    /**
     * Aurora capacity units that are always there, 0 to 256. Default: 0, the database pauses when no device has been connected to it
     * for five minutes. WhatsApp's containers stay connected, so with numbers registered it never does.
     */
    minCapacity: capacityUnits.min(0).default(0),
    /**
     * The most that it grows to, 1 to 256; also decides how many connections it takes. Default: 16, which takes 2,000, and which
     * WhatsApp's own sizing gives to 20 messages a second.
     */
    maxCapacity: capacityUnits.min(1).default(16),
    /** A second instance in another availability zone that takes over within a minute, at the same price again. Default: false. */
    standby: z.boolean().default(false),
  })
  .refine(({ minCapacity, maxCapacity }) => minCapacity <= maxCapacity, {
    path: ['minCapacity'],
    error: 'must not be above maxCapacity',
  });

const devicesSchema = z
  .strictObject({
    /**
     * The version that the images call themselves, such as `2.53.2`; needed with `images`, because containers of different versions
     * are to be called differently. An image named without a tag gets it as its tag, `v2.53.2`. Default: the simulator's own.
     */
    version: z
      .string()
      .regex(/^v?2\.\d{1,3}\.\d{1,3}$/, 'must be a version of the containers, such as "2.53.2"')
      .transform((version) => version.replace('v', ''))
      .optional(),
    /**
     * The images of WhatsApp's containers, by name, with or without a tag. Default: our simulator plays both, which delivers to no
     * real phone.
     */
    images: z.strictObject({ web: image, coreapp: image }).optional(),
    /**
     * What the containers' processor is. Default: `X86_64` with `images`, since WhatsApp's are built for nothing else; `ARM64`, a fifth
     * cheaper, for the simulator.
     */
    cpuArchitecture: z.enum(['ARM64', 'X86_64']).optional(),
    /** Default: `{}`, one database instance that pauses when nothing uses it. */
    database: databaseSchema.prefault({}),
  })
  .refine(({ images, version }) => images === undefined || version !== undefined, {
    path: ['version'],
    error: 'must be given with images, such as "2.53.2"',
  });

/** The `fleet` key of the configuration. */
export const fleetSchema = z.strictObject({
  /** Simulated devices: one Fargate task that behaves like WhatsApp Business API containers, for trying things out. */
  sandbox: z
    .strictObject({
      /** The phone numbers of the simulated devices, 1 to 20, such as `["+15550001111"]`. */
      numbers: z.array(phoneNumber).min(1).max(20),
    })
    .optional(),
  /**
   * Lets the Senders API register numbers on containers of their own, which the gateway starts, repairs and removes. Default: it cannot,
   * and there is no database and no file system. `{}` is enough.
   */
  devices: devicesSchema.optional(),
  /**
   * The device simulator's image, by name and tag (`registry.example.com/device:1`), for the sandbox and for devices without `images`.
   * Default: built from `simulators/whatsapp`, which needs Docker at deployment.
   */
  image: image.optional(),
  /**
   * How many NAT gateways the fleet's network has, 1 or 2; each costs about 33 dollars a month. Default: 1, so that devices lose their
   * connection while the availability zone that it is in has an outage.
   */
  natGateways: z.int().min(1).max(2).default(1),
});

export type FleetConfig = z.infer<typeof fleetSchema>;
export type DevicesConfig = z.infer<typeof devicesSchema>;
