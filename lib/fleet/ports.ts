import { Port } from 'aws-cdk-lib/aws-ec2';

/** Where a device's containers talk to one another: messaging, contacts, control and health checks. */
export const CORE_PORTS = { first: 6250, last: 6253 };

/** MySQL's own port. */
export const DATABASE_PORT = 3306;

/** NFS, which EFS speaks. */
export const FILE_SYSTEM_PORT = 2049;

/** Where a real device's web containers answer. */
export const WEB_PORT = 443;

/** What WhatsApp's containers use to reach WhatsApp: its own port first, HTTPS for the rest, AWS's services included. */
export const OUTSIDE_PORTS = [443, 5222];

export const tcp = (port: number): Port => Port.tcp(port);
