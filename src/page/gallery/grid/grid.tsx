import { openImage } from '../app/address.js';
import { backend, order, pack, shownBoxes } from '../app/state.js';

/** All images that the filter leaves. */
export function Grid() {
  const { names, ids } = pack.value!.facts.images;
  return (
    <ul class="grid">
      {[...order.value.subarray(0, 100)].map((image) => (
        <li key={image}>
          <button type="button" onClick={() => openImage(image)}>
            <img src={backend.value!.thumbnailUrl(ids[image]!, 320)} alt="" />
            {names[image]}: {shownBoxes(image).drafts.length}
          </button>
        </li>
      ))}
    </ul>
  );
}
