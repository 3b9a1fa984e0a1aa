import { describe, expect, it } from 'vitest';
import type { Xyxy } from '../../src/core/box.js';
import type { Detection } from '../../src/core/detection.js';
import { select, type Selection } from '../../src/core/select.js';

const everything: Selection = {
  thresholds: [0, 0],
  nmsIou: null,
  classAgnosticNms: false,
  maxDetections: 300,
};

let patches = 0;
/** A detection of a patch of its own, unless one is given. */
function found(classId: number, score: number, box: Xyxy, patchId = patches++): Detection {
  return { classId, queryId: classId, patchId, score, box };
}

describe('select', () => {
  const same: Xyxy = [0, 0, 10, 10];
  const near: Xyxy = [0, 0, 10, 9];
  const far: Xyxy = [50, 50, 60, 60];

  it('keeps scores strictly above the threshold', () => {
    const detections = [found(0, 0.3, same), found(0, 0.30001, far)];
    expect(select(detections, { ...everything, thresholds: [0.3, 0.3] })).toEqual([detections[1]]);
  });

  it('suppresses the weaker of two boxes of one class, not of two classes', () => {
    const detections = [found(0, 0.5, near), found(0, 0.9, same), found(1, 0.4, [0, 0, 9, 10])];
    const kept = select(detections, { ...everything, nmsIou: [0.5, 0.5] });
    expect(kept).toEqual([detections[1], detections[2]]);
    expect(select(detections, { ...everything, nmsIou: [0.5, 0.5], classAgnosticNms: true })).toEqual([detections[1]]);
  });

  it('a box that the model gives for several classes is left to the best of those whose threshold it passes', () => {
    const detections = [found(0, 0.5, same, 900), found(1, 0.4, same, 900), found(1, 0.3, same, 901)];
    expect(select(detections, everything)).toEqual([detections[0], detections[2]]);
    expect(select(detections, { ...everything, thresholds: [0.6, 0] })).toEqual([detections[1], detections[2]]);
    expect(select(detections, { ...everything, thresholds: [0.6, 0.4] })).toEqual([]);
  });

  it('a class that fails its threshold suppresses nothing, not even as the best class of a box', () => {
    const detections = [found(0, 0.5, same, 900), found(1, 0.2, same, 900), found(0, 0.4, near), found(1, 0.3, near)];
    const selection = { ...everything, nmsIou: [0.5, 0.5], classAgnosticNms: true };
    expect(select(detections, { ...selection, thresholds: [0.6, 0] })).toEqual([detections[3]]);
    expect(select(detections, { ...selection, thresholds: [0.45, 0] })).toEqual([detections[0]]);
  });

  it('a suppressed box suppresses nothing itself', () => {
    const chain = [found(0, 0.9, [0, 0, 10, 10]), found(0, 0.8, [4, 0, 14, 10]), found(0, 0.7, [8, 0, 18, 10])];
    const kept = select(chain, { ...everything, nmsIou: [0.3, 0.3] });
    expect(kept).toEqual([chain[0], chain[2]]);
  });

  it('allows the boxes of each class their own overlap', () => {
    const [left, right]: [Xyxy, Xyxy] = [
      [0, 0, 10, 10],
      [4, 0, 14, 10], // an IoU of 0.43
    ];
    const detections = [found(0, 0.9, left), found(1, 0.8, left), found(0, 0.7, right), found(1, 0.6, right)];
    const kept = select(detections, { ...everything, nmsIou: [0.5, 0.3] });
    expect(kept).toEqual([detections[0], detections[1], detections[2]]);
  });

  it("lets the weaker box's class decide how much boxes of two classes may overlap", () => {
    const [left, right]: [Xyxy, Xyxy] = [
      [0, 0, 10, 10],
      [4, 0, 14, 10],
    ];
    const agnostic = { ...everything, nmsIou: [0.5, 0.3], classAgnosticNms: true };
    const strictLast = [found(0, 0.9, left), found(1, 0.8, right)];
    const strictFirst = [found(1, 0.9, left), found(0, 0.8, right)];
    expect(select(strictLast, agnostic)).toEqual([strictLast[0]]);
    expect(select(strictFirst, agnostic)).toEqual(strictFirst);
  });

  it('orders by score, then class, then box, whatever order it was given', () => {
    const detections = [found(1, 0.5, near), found(0, 0.5, far), found(0, 0.5, same), found(0, 0.9, far)];
    const sorted = [detections[3], detections[2], detections[1], detections[0]];
    expect(select(detections, everything)).toEqual(sorted);
    expect(select([...detections].reverse(), everything)).toEqual(sorted);
  });

  it('keeps the best of an image when there are more than its limit', () => {
    const detections = [found(0, 0.2, far), found(1, 0.9, same)];
    expect(select(detections, { ...everything, maxDetections: 1 })).toEqual([detections[1]]);
  });
});
