import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { canReview } from '../../app/decisions.js';
import { AnswerShapes } from '../../ask/answer-shapes.js';
import { draw, place } from '../actions/edits.js';
import { selectBox } from '../actions/navigate.js';
import { isDrawing } from '../session/session.js';
import { BoxShapes } from './box-shapes.js';
import { Gestures } from './gestures.js';
import { Labels } from './labels.js';
import { Picture, PictureNote, type PictureSource } from './picture.js';
import { viewport } from '../session/viewport.js';

/** The picture with its boxes: wheel and fingers zoom, a drag pans, or moves what is selected. */
export function Stage({ source }: { readonly source: PictureSource }) {
  const stage = useRef<HTMLDivElement>(null);
  const image = useRef<HTMLDivElement>(null);
  const boxes = useRef<SVGGElement>(null);
  const labels = useRef<HTMLDivElement>(null);
  const { width, height } = source;

  useLayoutEffect(() => {
    viewport.attach({ image: image.current!, boxes: boxes.current!, labels: labels.current! });
    return () => viewport.attach(undefined);
  }, []);

  useLayoutEffect(() => viewport.open({ width, height }), [source.url, width, height]);

  useEffect(() => {
    const element = stage.current!;
    const sizes = new ResizeObserver(() =>
      viewport.resize({ width: element.clientWidth, height: element.clientHeight }),
    );
    sizes.observe(element);
    const stop = new Gestures(element, () => ({ canEdit: canReview.value, select: selectBox, place, draw })).listen();
    return () => {
      sizes.disconnect();
      stop();
    };
  }, []);

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
