import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Pointers } from '../../../shared/zoom/pointers.js';
import { AnswerShapes } from '../../ask/answer-shapes.js';
import { isDrawing } from '../session/session.js';
import { BoxShapes } from './box-shapes.js';
import { boxGestures } from './gestures.js';
import { Labels } from './labels.js';
import { Picture, PictureNote, type PictureSource } from './picture.js';
import { attachLayers, viewport } from '../session/viewport.js';

/** The picture with its boxes: wheel and fingers zoom, a drag pans, or moves what is selected. */
export function Stage({ source }: { readonly source: PictureSource }) {
  const { stage, image, boxes, labels } = useViewport(source);
  return (
    <div
      ref={stage}
      class={isDrawing.value ? 'stage drawing' : 'stage'}
      tabIndex={0}
      role="application"
      aria-roledescription="picture with boxes"
      aria-label={source.name}
      aria-describedby="stage-help"
    >
      <div ref={image} class="moving">
        <Picture source={source} />
      </div>
      <svg class="overlay" aria-hidden="true">
        <g ref={boxes}>
          <BoxShapes />
          <AnswerShapes />
        </g>
      </svg>
      <div ref={labels} class="labels" aria-hidden="true">
        <Labels />
      </div>
      <PictureNote />
      <p id="stage-help" class="unseen">
        J and K select boxes, arrow keys move the selected one, question mark lists all keys.
      </p>
    </div>
  );
}

/** Shows the image in the viewport. @returns What of the stage moves with it. */
function useViewport({ url, width, height }: PictureSource) {
  const stage = useRef<HTMLDivElement>(null);
  const image = useRef<HTMLDivElement>(null);
  const boxes = useRef<SVGGElement>(null);
  const labels = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => attachLayers({ image: image.current!, boxes: boxes.current!, labels: labels.current! }), []);

  useLayoutEffect(() => viewport.open({ width, height }), [url, width, height]);

  useEffect(() => {
    const element = stage.current!;
    const stops = [viewport.follow(element), new Pointers(element, viewport, boxGestures).listen()];
    return () => stops.forEach((stop) => stop());
  }, []);

  return { stage, image, boxes, labels };
}
