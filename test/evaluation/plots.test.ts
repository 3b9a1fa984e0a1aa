import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { plotFiles } from '../../src/evaluation/plots/plots.js';
import { reportOn } from '../../src/evaluation/report.js';
import { randomScenes } from '../support/evaluation/scenes.js';

const NAMES = ['<cup & "saucer">', 'wine glass', 'a name that is longer than its place \u0007', '猫'];

const images = randomScenes(5, { crowds: 0.1 }).map(({ objects, detections }) => {
  const place = <One extends { classId: number }>(one: One) => ({ ...one, classId: one.classId % 7 });
  return { objects: objects.map(place), detections: detections.map(place) };
});
const report = reportOn(
  { classes: NAMES.map((name, i) => ({ name, id: i + 1 })), ranked: images, drafts: images },
  { iou: 0.5, seconds: { draw: 25, adjust: 10, delete: 2, check: 1 } },
);

/** Throws for what is not XML. */
function textsIn(svg: string): string[] {
  const texts: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('text', (text) => texts.push(text));
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(svg).close();
  return texts;
}

describe.each([...plotFiles(report)])('%s', (name, svg) => {
  it('is XML, with names as text', () => {
    expect(textsIn(svg)).toContain('<cup & "saucer">');
    expect(textsIn(svg)).toContain('猫');
    expect(svg).toContain('&lt;cup &amp; &quot;saucer&quot;&gt;');
    expect(svg).not.toContain('\u0007');
  });

  it('needs nothing else, and is readable where the system is dark', () => {
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|<script|<image|@import/);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg).toContain('<rect class="paper"');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('shows every class with objects', () => {
    const count = name === 'confusion-matrix.svg' ? 1 : 4;
    expect(svg.match(/<polyline|<rect class="axis"/g)!.length).toBeGreaterThanOrEqual(count);
  });
});

it('a report without classes or objects makes plots too', () => {
  const empty = reportOn(
    { classes: [], ranked: [{ objects: [], detections: [] }], drafts: [] },
    { iou: 0.5, seconds: { draw: 25, adjust: 10, delete: 2, check: 1 } },
  );
  for (const svg of plotFiles(empty).values()) expect(textsIn(svg).length).toBeGreaterThan(1);
});
