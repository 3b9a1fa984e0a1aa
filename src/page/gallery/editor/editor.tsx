import { closeImage } from '../app/address.js';
import { backend, classIndexByName, current, pack, shownBoxes } from '../app/state.js';
import { colourOf } from '../../shared/colours.js';

/** The image that is open, with its boxes. */
export function Editor() {
  const image = current.value!;
  const { ids, names, widths, heights } = pack.value!.facts.images;
  const { decided, drafts } = shownBoxes(image);
  const boxes = [
    ...decided.map((one) => ({ box: one.box, classId: classIndexByName.value.get(one.class) ?? 0 })),
    ...drafts,
  ];
  return (
    <section class="editor" aria-label={names[image]}>
      <button type="button" onClick={closeImage}>
        Back to all images
      </button>
      <svg viewBox={`0 0 ${widths[image]!} ${heights[image]!}`} role="img" aria-label={names[image]}>
        <image href={backend.value!.imageUrl(ids[image]!)} width={widths[image]} height={heights[image]} />
        {boxes.map(({ box: [x1, y1, x2, y2], classId }) => (
          <rect
            x={x1}
            y={y1}
            width={x2 - x1}
            height={y2 - y1}
            fill="none"
            stroke={colourOf(classId).fill}
            vector-effect="non-scaling-stroke"
          />
        ))}
      </svg>
    </section>
  );
}
