import { checked } from '../http/errors.ts';
import {
  anyObject,
  array,
  boolean,
  type Check,
  invalid,
  type JsonObject,
  numeric,
  object,
  oneOf,
  optional,
  string,
} from '../shape.ts';

/** The kinds of media that can be downloaded by themselves. */
export const MEDIA_KINDS = ['image', 'video', 'voice', 'sticker', 'audio', 'document'] as const;

const rateLimit = optional(array(string()));

/** Documented and field-seen keys of `/v1/settings/application`; anything else is refused with 1010. */
function applicationShape(plainWebhooks: boolean) {
  const url: Check<string> = (value, path) => {
    const text = string({ min: 0, max: 2048 })(value, path);
    if (text === '') return text;
    const scheme = URL.parse(text)?.protocol;
    if (scheme === 'https:' || (plainWebhooks && scheme === 'http:')) return text;
    throw invalid(path, 'must be an https:// URL');
  };
  return object({
    callback_backoff_delay_ms: optional(numeric({ min: 0, integer: true })),
    max_callback_backoff_delay_ms: optional(numeric({ min: 0, integer: true })),
    callback_persist: optional(boolean),
    pass_through: optional(boolean),
    sent_status: optional(boolean),
    heartbeat_interval: optional(numeric({ min: 1, integer: true })),
    unhealthy_interval: optional(numeric({ min: 1, integer: true })),
    media: optional(object({ auto_download: optional(array(oneOf(...MEDIA_KINDS))) })),
    webhooks: optional(
      object({
        url: optional(url),
        max_concurrent_requests: optional((value, path) => oneOf(6, 12, 18, 24)(numeric()(value, path), path)),
        message: optional(object({ sent: optional(boolean), delivered: optional(boolean), read: optional(boolean) })),
      }),
    ),
    notify_user_change_number: optional(boolean),
    show_security_notifications: optional(boolean),
    db_garbagecollector_enable: optional(boolean),
    garbagecollector_enable: optional(anyObject),
    on_call_pager: optional(string({ min: 0 })),
    axolotl_context_striping_disabled: optional(boolean),
    skip_referral_media_download: optional(boolean),
    webhook_payload_conversation_pricingmodel_disabled: optional(boolean),
    verbose_logging: optional(boolean),
    log_level: optional(string()),
    messaging_api_rate_limit: rateLimit,
    contacts_api_rate_limit: rateLimit,
    contacts_scrape_rate_limit: rateLimit,
  });
}

type Application = ReturnType<ReturnType<typeof applicationShape>>;

const DEFAULTS = {
  callback_backoff_delay_ms: 3000,
  max_callback_backoff_delay_ms: 900_000,
  callback_persist: true,
  pass_through: false,
  sent_status: false,
  heartbeat_interval: 5,
  unhealthy_interval: 30,
  media: { auto_download: [...MEDIA_KINDS] },
  webhooks: { max_concurrent_requests: 6 },
} satisfies Partial<Application>;

/** The application settings of one installation. Some take effect only when its coreapp restarts. */
export class ApplicationSettings {
  readonly #check: Check<Application>;
  #values: Partial<Application> = DEFAULTS;
  #atStart: Partial<Application> = DEFAULTS;

  constructor(plainWebhooks: boolean) {
    this.#check = applicationShape(plainWebhooks) as Check<Application>;
  }

  toJson(): JsonObject {
    return structuredClone(this.#values) as JsonObject;
  }

  /** Merges `change`, objects too; throws ApiError for a key or value that the container does not know. */
  patch(change: unknown): void {
    this.#values = merge(
      this.#values as JsonObject,
      checked(this.#check, change) as JsonObject,
    ) as Partial<Application>;
  }

  reset(): void {
    this.#values = DEFAULTS;
  }

  /** What a coreapp does when it starts: it reads the settings that it never looks at again. */
  restart(): void {
    this.#atStart = this.#values;
  }

  get webhookUrl(): string | undefined {
    return this.#values.webhooks?.url || undefined;
  }

  get backoff(): { step: number; cap: number } {
    const { callback_backoff_delay_ms: step, max_callback_backoff_delay_ms: cap } = { ...DEFAULTS, ...this.#values };
    return { step: step ?? DEFAULTS.callback_backoff_delay_ms, cap: cap ?? DEFAULTS.max_callback_backoff_delay_ms };
  }

  get webhookConcurrency(): number {
    return this.#atStart.webhooks?.max_concurrent_requests ?? DEFAULTS.webhooks.max_concurrent_requests;
  }

  get webhooksSurviveRestart(): boolean {
    return this.#atStart.callback_persist ?? DEFAULTS.callback_persist;
  }

  /** Two switches enable `sent`, an older one and `webhooks.message`; the other statuses are on unless switched off. */
  reports(status: 'sent' | 'delivered' | 'read'): boolean {
    const wanted = this.#values.webhooks?.message?.[status];
    return status === 'sent' ? (wanted ?? this.#values.sent_status ?? false) : (wanted ?? true);
  }

  downloads(kind: string): boolean {
    return this.#values.media?.auto_download?.some((listed) => listed === kind) ?? true;
  }
}

function merge(base: JsonObject, change: JsonObject): JsonObject {
  const result = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const before = result[key];
    result[key] = isObject(value) && isObject(before) ? merge(before, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
