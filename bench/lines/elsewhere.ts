/** The same channel in another open-source project. */
export interface Elsewhere {
  /** Lines that are neither blank nor only a comment, without tests: `grep -vcE '^\s*(//|$)'` at that commit. */
  lines: number;
  language: string;
  repository: string;
  commit: string;
  paths: readonly string[];
  remark?: string;
}

const courier = {
  language: 'Go',
  repository: 'nyaruka/courier',
  commit: '350e935007fd7e7cab689feee5ce97e326d49099',
} as const;
const meta = { ...courier, paths: ['handlers/meta'] } as const;

/**
 * What was counted, by channel; none was found for SMS through AWS End User Messaging. Other scopes than a spec has: they were not
 * compared kind by kind, and each does its own HTTP.
 */
export const ELSEWHERE: Readonly<Record<string, Elsewhere>> = {
  whatsapp: {
    ...courier,
    lines: 622,
    paths: ['handlers/turn'],
    remark: "Turn.io's API, which has the shape of the containers'",
  },
  'whatsapp-cloud': { ...meta, lines: 1_636, remark: 'one handler for three channels' },
  messenger: { ...meta, lines: 1_636, remark: 'one handler for three channels' },
  instagram: { ...meta, lines: 1_636, remark: 'one handler for three channels' },
  line: { ...courier, lines: 384, paths: ['handlers/line'] },
  viber: { ...courier, lines: 476, paths: ['handlers/viber'] },
  wechat: { ...courier, lines: 319, paths: ['handlers/wechat'] },
  rcs: {
    language: 'Go',
    repository: 'edsonmartins/linktor',
    commit: '607f2d6e9942eb712bffa1686aa8813ebb67c697',
    lines: 1_033,
    paths: ['internal/adapters/rcs'],
    remark: 'four providers of RCS',
  },
};
