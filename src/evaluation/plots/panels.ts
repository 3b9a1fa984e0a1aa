import { px, shorten, svgFile, textAt } from './svg.js';

/** A plot of one class: a line in the unit square. */
export interface Panel {
  readonly name: string;
  readonly note: string; // beside the name: a figure
  readonly points: readonly Point[];
  readonly marked?: Point | undefined; // a point of interest
}

interface Point {
  readonly x: number; // 0–1
  readonly y: number;
}

interface Titles {
  readonly title: string;
  readonly note: string;
  readonly x: string; // what the axes are
  readonly y: string;
}

const COLUMNS = 5;
const PLOT = { width: 160, height: 120 };
const PANEL = { width: PLOT.width + 56, height: PLOT.height + 64 };
const MARGIN = { left: 44, top: 26 }; // of the plot in its panel
const TOP = 60; // of the first row
const NAME_CHARACTERS = 18;

/** One panel for each class, in rows. */
export function panelsFile(panels: readonly Panel[], titles: Titles): string {
  const columns = Math.max(1, Math.min(COLUMNS, panels.length));
  const rows = Math.ceil(panels.length / columns);
  const width = Math.max(2, columns) * PANEL.width + 16;
  const content = panels.map((panel, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    return drawPanel(panel, titles, { x: column * PANEL.width + 8, y: TOP + row * PANEL.height });
  });
  return svgFile({ width, height: TOP + rows * PANEL.height + 8, title: titles.title, note: titles.note }, content);
}

function drawPanel({ name, note, points, marked }: Panel, titles: Titles, at: Point): string {
  const [left, top] = [at.x + MARGIN.left, at.y + MARGIN.top];
  const { width, height } = PLOT;
  const place = ({ x, y }: Point) => `${px(left + x * width)},${px(top + (1 - y) * height)}`;
  const lines = [0.25, 0.5, 0.75].map((share) => {
    const [x, y] = [px(left + share * width), px(top + share * height)];
    return `<path class="grid" d="M${px(left)} ${y}h${width}M${x} ${px(top)}v${height}"/>`;
  });
  const upright = `translate(${px(left - 10)} ${px(top + height / 2)}) rotate(-90)`;
  const dot = marked && place(marked).split(',');
  return [
    '<g>',
    textAt(left, at.y + 16, { text: shorten(name, NAME_CHARACTERS), attributes: 'class="name"' }),
    textAt(left + width, at.y + 16, { text: note, attributes: 'class="note" text-anchor="end"' }),
    ...lines,
    `<rect class="axis" x="${px(left)}" y="${px(top)}" width="${width}" height="${height}"/>`,
    ...(points.length === 0 ? [] : [`<polyline class="line" points="${points.map(place).join(' ')}"/>`]),
    ...(dot === undefined ? [] : [`<circle class="dot" cx="${dot[0]}" cy="${dot[1]}" r="3"/>`]),
    textAt(left - 6, top + 8, { text: '1', attributes: 'text-anchor="end"' }),
    textAt(left - 6, top + height, { text: '0', attributes: 'text-anchor="end"' }),
    textAt(left + width, top + height + 14, { text: '1', attributes: 'text-anchor="end"' }),
    textAt(left + width / 2, top + height + 16, { text: titles.x, attributes: 'class="note" text-anchor="middle"' }),
    textAt(0, 0, {
      text: titles.y,
      attributes: `class="note" text-anchor="middle" transform="${upright}"`,
    }),
    '</g>',
  ].join('\n');
}
