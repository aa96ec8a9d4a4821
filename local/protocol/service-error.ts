/** An error as an AWS service names it; a server turns it into its protocol's error answer. */
export class ServiceError extends Error {
  readonly code: string;
  /** What the error carries beside its message, as the service's model names it. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly status: number;

  /** @param status of the HTTP answer; the JSON protocols answer 400 to whatever the caller did wrong */
  constructor(code: string, message: string, fields: Readonly<Record<string, unknown>> = {}, status = 400) {
    super(message);
    this.code = code;
    this.fields = fields;
    this.status = status;
  }
}
