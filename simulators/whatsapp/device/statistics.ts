export type Labels = Record<string, string>;

interface Metric {
  type: 'counter' | 'gauge';
  help: string;
  data: Map<string, { labels: Labels; value: number }>;
}

const HELP: Record<string, string> = {
  endpoint_requests: 'Requests by endpoint and result',
  endpoint_requests_duration_ms_sum: 'Time spent on requests, by endpoint',
  callback_requests: 'Webhook requests by type and result',
  callback_requests_duration_ms_sum: 'Time spent on webhook requests',
  callback_queue_size: 'Webhooks waiting to be sent',
  pending_callbacks: 'Webhooks not yet acknowledged',
  pending_messages: 'Messages accepted and not yet sent',
  in_message_from_server: 'Messages received from the network',
  out_message_persisted: 'Messages accepted',
  out_message_status: 'Statuses of outgoing messages',
  media_uploads: 'Media uploaded',
  media_downloads: 'Media downloaded',
};

/** What one installation counts, by metric and labels. */
export class Statistics {
  readonly #metrics = new Map<string, Metric>();

  add(name: string, labels: Labels, amount = 1): void {
    const point = this.#point(name, 'counter', labels);
    point.value += amount;
  }

  set(name: string, value: number): void {
    this.#point(name, 'gauge', {}).value = value;
  }

  /** `{ <metric>: { type, help, data: [{ labels, value }] } }`, as `/v1/stats/app` shows it. */
  toJson(): Record<string, unknown> {
    const entries = [...this.#metrics].map(([name, { type, help, data }]) => {
      return [name, { type, help, data: [...data.values()] }] as const;
    });
    return Object.fromEntries(entries);
  }

  /** The Prometheus text format. */
  toPrometheus(): string {
    const lines: string[] = [];
    for (const [name, { type, help, data }] of this.#metrics) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const { labels, value } of data.values()) {
        const pairs = Object.entries(labels).map(([key, label]) => `${key}=${JSON.stringify(label)}`);
        lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
      }
    }
    return `${lines.join('\n')}\n`;
  }

  #point(name: string, type: Metric['type'], labels: Labels): { labels: Labels; value: number } {
    const metric = this.#metrics.get(name) ?? { type, help: HELP[name] ?? name, data: new Map() };
    this.#metrics.set(name, metric);
    const key = JSON.stringify(Object.entries(labels).sort());
    const point = metric.data.get(key) ?? { labels, value: 0 };
    metric.data.set(key, point);
    return point;
  }
}
