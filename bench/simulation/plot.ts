/** A line of a chart; points without a finite value above 0 are left out. */
export interface Series {
  label: string;
  /** One of the style's colours: `a`, `b`, `c` … */
  colour: 'a' | 'b' | 'c' | 'd';
  dashed?: boolean;
  points: readonly { x: number; y: number }[];
}

export interface Chart {
  title: string;
  xLabel: string;
  yLabel: string;
  xTicks: readonly number[];
  yTicks: readonly number[];
  /** A logarithmic axis; else linear from the first tick. */
  isLogarithmic: boolean;
  series: readonly Series[];
}

const WIDTH = 460;
const HEIGHT = 340;
const PLOT = { left: 62, top: 40, width: 376, height: 190 };

/** Text and lines take the page's colours: dark on light, light on dark. */
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #8c959f; stroke-opacity: 0.3; }
  .axis { stroke: #8c959f; }
  .a { stroke: #0969da; fill: #0969da; } .b { stroke: #bc4c00; fill: #bc4c00; }
  .c { stroke: #1a7f37; fill: #1a7f37; } .d { stroke: #8250df; fill: #8250df; }
  path.line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #b1bac4; }
    .a { stroke: #58a6ff; fill: #58a6ff; } .b { stroke: #f0883e; fill: #f0883e; }
    .c { stroke: #56d364; fill: #56d364; } .d { stroke: #bc8cff; fill: #bc8cff; }
  }`;

/** Charts beside each other, as an SVG document without a background. */
export function plot(charts: readonly Chart[], description: string): string {
  const width = WIDTH * charts.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img">`,
    `<title>${escapeXml(description)}</title>`,
    `<style>${STYLE}\n</style>`,
    ...charts.map((chart, index) => `<g transform="translate(${index * WIDTH} 0)">\n${draw(chart)}\n</g>`),
    '</svg>\n',
  ].join('\n');
}

function draw(chart: Chart): string {
  const { left, top, width, height } = PLOT;
  const x = scale(chart.xTicks, true, left, left + width);
  const y = scale(chart.yTicks, chart.isLogarithmic, top + height, top);
  const lines = chart.series.flatMap(({ colour, dashed, points }) => {
    const shown = points.filter((point) => point.y > 0 && Number.isFinite(point.y));
    const path = shown.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`).join('');
    return [
      `<path class="line ${colour}" d="${path}"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
      ...shown.map((point) => `<circle class="${colour}" cx="${x(point.x)}" cy="${y(point.y)}" r="3"/>`),
    ];
  });
  return [
    `<text class="title" x="${left}" y="20">${escapeXml(chart.title)}</text>`,
    ...chart.yTicks.flatMap((tick) => [
      `<line class="grid" x1="${left}" x2="${left + width}" y1="${y(tick)}" y2="${y(tick)}"/>`,
      `<text x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ]),
    ...chart.xTicks.map(
      (tick) => `<text x="${x(tick)}" y="${top + height + 18}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `<path class="axis" fill="none" d="M${left} ${top}V${top + height}H${left + width}"/>`,
    `<text x="${left + width / 2}" y="${top + height + 38}" text-anchor="middle">${escapeXml(chart.xLabel)}</text>`,
    `<text transform="translate(14 ${top + height / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.yLabel)}</text>`,
    ...lines,
    ...chart.series.flatMap(({ label, colour, dashed }, index) => {
      const at = { x: left + (index % 2) * (width / 2), y: top + height + 62 + Math.floor(index / 2) * 20 };
      return [
        `<path class="line ${colour}" d="M${at.x} ${at.y}h24"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
        `<text x="${at.x + 30}" y="${at.y + 4}">${escapeXml(label)}</text>`,
      ];
    }),
  ].join('\n');
}

/** From values between the first and the last tick to pixels, to a tenth of one. */
function scale(ticks: readonly number[], isLogarithmic: boolean, from: number, to: number): (value: number) => number {
  const of = (value: number) => (isLogarithmic ? Math.log(value) : value);
  const least = of(ticks[0] ?? 1);
  const most = of(ticks.at(-1) ?? 10);
  return (value) => Math.round((from + ((of(value) - least) / (most - least)) * (to - from)) * 10) / 10;
}

const short = (value: number) => value.toLocaleString('en-US');

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
