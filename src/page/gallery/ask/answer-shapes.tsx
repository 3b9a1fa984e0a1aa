import { colourOf } from '../../shared/colours.js';
import { answerBoxes, current } from '../app/state.js';

/** What the answer has found in the open image, over its boxes, in pixels of the image. */
export function AnswerShapes() {
  const boxes = current.value === undefined ? undefined : answerBoxes(current.value);
  if (boxes === undefined) return null;
  return (
    <g class="answer-shapes">
      {boxes.map(({ row, classId, box: [x1, y1, x2, y2] }) => {
        const size = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
        return (
          <g key={row}>
            <rect {...size} class="ground" />
            <rect {...size} class="dashes" stroke={colourOf(classId).fill} />
          </g>
        );
      })}
    </g>
  );
}
