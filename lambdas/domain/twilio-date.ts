const DAY_MS = 86_400_000;

/** An ISO 8601 date as Twilio's v2010 API prints it: RFC 2822, always `+0000`. `Thu, 24 Aug 2023 05:01:45 +0000` */
export function toRfc2822(iso: string): string {
  return new Date(iso).toUTCString().replace(/GMT$/, '+0000');
}

/**
 * Reads a date filter: `2019-06-11`, ISO 8601, `2019-06-11 22:05:25.000` (UTC when no zone is given) or RFC 2822.
 * @returns milliseconds since the epoch, or undefined when it is none of these
 */
export function parseDate(text: string): number | undefined {
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(
    text.trim(),
  );
  if (iso) {
    const [, day = '', time = '00:00', zone = 'Z'] = iso;
    return parsed(`${day}T${time}${zone.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2')}`, day);
  }
  const rfc2822 = /^(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d{2}:\d{2}(?::\d{2})? (?:[+-]\d{4}|GMT|UTC|Z)$/.test(text.trim());
  return rfc2822 ? parsed(text.trim()) : undefined;
}

/** The UTC day that an instant lies in: its first and last millisecond. */
export function dayOf(at: number): { from: number; to: number } {
  const from = Math.floor(at / DAY_MS) * DAY_MS;
  return { from, to: from + DAY_MS - 1 };
}

// Date.parse rolls 31 February over into March; a day that does not exist is a mistake of the caller's.
function parsed(text: string, day?: string): number | undefined {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  if (day !== undefined && new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return undefined;
  return at;
}
