import { describe, expect, it } from 'vitest';
import { formatRunSummary, type RunResult } from '../../src/cli/run-summary.js';

const COUNTS = {
  found: 500,
  annotated: 498,
  resumed: 0,
  failed: 0,
  skipped: 0,
  detections: 143,
  detections_by_class: { cup: 63, bottle: 80, fork: 0 },
  images_without_detections: 1,
  degraded: 0,
  previews: 20,
};

function summaryOf({
  counts = {},
  job = {},
  errors = [],
  manifest = {},
}: {
  manifest?: object;
  counts?: object;
  job?: object;
  errors?: object[];
}): string {
  const result = {
    job: { outDir: '/home/me/photos/my drafts', choice: {}, ...job },
    manifest: {
      root: '..',
      formats: ['yolo', 'coco'],
      counts: { ...COUNTS, ...counts },
      timings: { total_ms: 12_345 },
      selection: { score_threshold: 0.1 },
      options: { score_floor: 0.05 },
      ...manifest,
    },
    errors,
    cwd: '/home/me/photos',
    command: 'npx preannotate',
  };
  return formatRunSummary(result as unknown as RunResult);
}

describe('the summary of a run', () => {
  it('names the file that programs open, or the folder', () => {
    const summary = summaryOf({ manifest: { formats: ['csv', 'voc', 'label-studio'] } });
    expect(summary).toContain('Pascal VOC XML:          my drafts/voc\n');
    expect(summary).toContain('Label Studio tasks:      my drafts/label-studio\n');
    expect(summary).toContain('CSV, a row for each box: my drafts/csv/boxes.csv\n');
  });

  it('has boxes by class, images without boxes, the files to open and what to do next', () => {
    expect(summaryOf({ counts: { annotated: 500, resumed: 95 } })).toBe(
      [
        '500 of 500 images annotated in 12.3 s, 95 of them by earlier runs.',
        '143 boxes: 80 bottle, 63 cup. 1 image without boxes.',
        '',
        'COCO instances and results:       my drafts/coco/instances.json',
        'YOLO labels (Ultralytics layout): my drafts/yolo/data.yaml',
        'Previews:                         my drafts/previews',
        '',
        "For another threshold, in seconds: npx preannotate export 'my drafts' --score-threshold 0.2",
        "To correct the boxes in the browser: npx preannotate review 'my drafts' --open",
        '',
      ].join('\n'),
    );
  });

  it('names the failed images it is given with their reasons, and counts the others', () => {
    const errors = [
      { image: 'a.jpg', message: '/photos/a.jpg is empty.' },
      { image: 'b\u001b[31m.jpg', message: 'it cannot be decoded' },
    ];
    const summary = summaryOf({ counts: { failed: 7 }, errors });
    expect(summary).toContain(
      [
        '7 failed:',
        '  /photos/a.jpg is empty.',
        '  b\\u001b[31m.jpg: it cannot be decoded',
        '  and 5 more, in errors.jsonl',
        '',
      ].join('\n'),
    );
    expect(summary).toContain('The same command tries failed images again.\n');
  });

  it('has what to do about failures of one cause once, and options that fetch images', () => {
    const hint = 'Add --allow-private.';
    const errors = ['h/a.jpg', 'h/b.jpg'].map((image) => ({ image, message: `${image} failed`, hint }));
    const fetch = { allowPrivate: true, s3: { endpoint: 'http://minio:9000/', pathStyle: true, unsigned: false } };
    const summary = summaryOf({
      counts: { failed: 2, previews: 0 },
      errors,
      job: { fetch },
      manifest: { root: undefined },
    });
    expect(summary).toContain('  h/b.jpg failed\nAdd --allow-private.\n');
    expect(summary).toContain('Once this is corrected, the same command tries failed images again.');
    expect(summary).toContain('--preview=20 --allow-private --s3-endpoint http://minio:9000 --s3-path-style\n');
    expect(summary).toMatch(/ review \S.* --open --allow-private --s3-endpoint http:\/\/minio:9000 --s3-path-style\n/);
    const mixed = summaryOf({ counts: { failed: 2 }, errors: [errors[0]!, { ...errors[1], hint: 'Other.' }] });
    expect(mixed).not.toContain(hint);
  });

  it('suggests no look at boxes where no image was annotated', () => {
    const summary = summaryOf({ counts: { annotated: 0, failed: 4, previews: 0, detections: 0 } });
    expect(summary).toContain('The same command tries failed images again.\n');
    expect(summary).not.toMatch(/ export | review /);
  });

  it.each([
    [0.3, 0.6],
    [0.5, 0.3],
  ])('suggests another threshold than %d: %d', (given, suggested) => {
    const manifest = { selection: { score_threshold: given } };
    expect(summaryOf({ manifest })).toContain(`--score-threshold ${suggested}\n`);
  });

  it('adds up the boxes of all but the ten most frequent classes', () => {
    const byClass = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`class ${i}`, 13 - i]));
    expect(summaryOf({ counts: { detections_by_class: byClass } })).toContain(
      '4 class 9 and 6 boxes of 3 more classes',
    );
  });

  it('says how to annotate the images that were not chosen, and how to see boxes', () => {
    const summary = summaryOf({ counts: { annotated: 20, previews: 0 }, job: { choice: { limit: 20 } } });
    expect(summary).toContain('20 of 500 images annotated in 12.3 s (--limit 20).\n');
    expect(summary).toContain('The same command without --limit 20 annotates the other 480 images.\n');
    expect(summary).toContain("To see the boxes: npx preannotate export 'my drafts' --preview=20\n");
    expect(summary).not.toContain('Previews:');
  });

  it('suggests the lowest threshold that is stored when there is no box', () => {
    const counts = { detections: 0, detections_by_class: { cup: 0 }, images_without_detections: 498 };
    const summary = summaryOf({ counts });
    expect(summary).toContain('0 boxes. 498 images without boxes.\n');
    expect(summary).toContain('No box scored above the threshold.');
    expect(summary).toContain('--score-threshold 0.05\n');
    const decided = summaryOf({ counts: { ...counts, reviewed: 1 } }); // where people left no box
    expect(decided).not.toContain('No box scored above the threshold.');
  });
});
