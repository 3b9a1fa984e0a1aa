import { useEffect, useState } from 'preact/hooks';
import type { Xyxy } from '../../../core/box.js';
import { colourOf } from '../../shared/colours.js';
import { noteThumbnail } from '../app/thumbnails.js';
import { answerBoxes, backend, classIndexByName, pack, shownBoxes } from '../app/state.js';

/** Pictures that pass by faster than this while somebody scrolls are not loaded. */
const REST_MS = 60;

/** An image with its boxes drawn over it. */
export function Thumbnail({ image, width }: { readonly image: number; readonly width: number }) {
  const { ids, widths, heights } = pack.value!.facts.images;
  const [isWanted, want] = useState(false);
  const [became, settle] = useState<'shown' | 'broken' | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(() => want(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  const pixels = width * (globalThis.devicePixelRatio || 1) > 160 ? 320 : 160;
  const url = backend.value!.thumbnailUrl(ids[image]!, pixels);
  const isBroken = became === 'broken';
  const end = (how: 'shown' | 'broken') => {
    noteThumbnail(image, how);
    settle(how);
  };
  return (
    <div class="thumbnail" aria-busy={url !== '' && became === undefined}>
      {(isBroken || url === '') && (
        <span class="hint">
          {url === '' ? 'No picture in this file' : 'This image cannot be shown: open it for the reason'}
        </span>
      )}
      {isWanted && !isBroken && url !== undefined && url !== '' && (
        <img
          src={url}
          alt=""
          decoding="async"
          draggable={false}
          onLoad={() => end('shown')}
          onError={() => end('broken')}
        />
      )}
      <svg viewBox={`0 0 ${widths[image]} ${heights[image]}`} aria-hidden="true">
        {outlinesOf(image).map(([classId, path]) => (
          <g key={classId}>
            <path class="halo" d={path} />
            <path class="line" d={path} stroke={colourOf(classId).fill} />
          </g>
        ))}
      </svg>
    </div>
  );
}

/** One path for all boxes of a class; while a question is answered, of the answer alone. */
function outlinesOf(image: number): [classId: number, path: string][] {
  const found = answerBoxes(image);
  const { decided, drafts } = found === undefined ? shownBoxes(image) : { decided: [], drafts: found };
  const paths = new Map<number, string>();
  const add = (classId: number, [x1, y1, x2, y2]: Xyxy) =>
    paths.set(classId, `${paths.get(classId) ?? ''}M${x1} ${y1}H${x2}V${y2}H${x1}Z`);
  for (const { box, class: name } of decided) add(classIndexByName.value.get(name) ?? 0, box);
  for (const { box, classId } of drafts) add(classId, box);
  return [...paths];
}
