/** AWS list prices in us-east-1, September 2026, in dollars per million; no free tier. */
export const PRICES = {
  httpApiRequest: 1,
  sqsFifoRequest: 0.5,
  writeUnit: 0.625,
  readUnit: 0.125,
  secretsManagerCall: 5,
  lambdaRequest: 0.2,
  /** On arm64. */
  lambdaGigabyteSecond: 13.3334,
  /** A gigabyte of CloudWatch Logs taken in, in dollars. */
  logGigabyte: 0.5,
};

/** Twilio's fee for a WhatsApp message, in dollars per million. */
export const TWILIO_FEE = 5_000;

/** Memory of the functions that a message passes, as the template sets it, in MB. */
export const MEGABYTES: Readonly<Record<string, number>> = { Api: 512, Deliver: 512, Webhook: 256, Notify: 256 };

/** The same of most functions, in GB. */
export const LAMBDA_GIGABYTES = 0.5;

/** Dollars per million invocations of `ms` each. */
export const durationPrice = (megabytes: number, ms: number): number =>
  (PRICES.lambdaGigabyteSecond * (megabytes / 1_024) * ms) / 1_000;
