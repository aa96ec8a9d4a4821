/** Where a page lies in its list. */
export interface PagePosition {
  /** The list's own path: `/2010-04-01/Accounts/AC…/Messages.json`. */
  path: string;
  filters: readonly (readonly [name: string, value: string])[];
  page: number;
  pageSize: number;
  /** The token that led to this page. */
  token?: string;
  /** The token that leads to the next one; undefined on the last page. */
  nextToken?: string;
}

/**
 * The envelope of a page in Twilio's v2010 API, with its rows under `key`.
 * There is no way back but to the first page (`previous_page_uri` is null further on): tokens lead forward only.
 */
export function toTwilioPage<Row>(key: string, rows: readonly Row[], position: PagePosition) {
  const { page, pageSize, nextToken } = position;
  const start = page * pageSize;
  return {
    end: rows.length === 0 ? start : start + rows.length - 1,
    first_page_uri: pageUri(position, 0),
    next_page_uri: nextToken === undefined ? null : pageUri(position, page + 1, nextToken),
    page,
    page_size: pageSize,
    previous_page_uri: page === 1 ? pageUri(position, 0) : null,
    [key]: rows,
    start,
    uri: pageUri(position, page, position.token),
  };
}

function pageUri({ path, filters, pageSize }: PagePosition, page: number, token?: string): string {
  const query = [...filters, ['PageSize', String(pageSize)] as const, ['Page', String(page)] as const];
  if (token !== undefined) query.push(['PageToken', token]);
  return `${path}?${query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`;
}
