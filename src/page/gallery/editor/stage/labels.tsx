import { clip, type Size, type Xyxy } from '../../../../core/box.js';
import { placeLabels } from '../../../../core/drawing/place-labels.js';
import { colourOf } from '../../../shared/colours.js';
import { selectedBox } from '../../app/state.js';
import { labelOf, type ShownBox } from '../../boxes/shown-box.js';
import { toStage } from '../../../shared/zoom/view.js';
import { areBoxesShown, areLabelsShown, classNumberOf, held, listedBoxes } from '../session/session.js';
import { settledView, viewport } from '../session/viewport.js';

const HEIGHT = 18; // CSS pixels, as in styles/boxes.css
const PADDING = 10;

/** What the boxes are, where there is place for it. The selected box comes first, then the best. */
export function Labels() {
  const view = settledView.value;
  if (!areLabelsShown.value || !areBoxesShown.value || held.value !== undefined) return null;
  const id = selectedBox.value;
  const boxes = [...listedBoxes.value].sort((a, b) => Number(b.id === id) - Number(a.id === id));
  const texts = boxes.map((box) => textOf(box, box.id === id));
  const { stage } = viewport.frame;
  const places = placeLabels(
    boxes.map((one, i) => {
      const [x1, y1, x2, y2] = one.box;
      const [from, to] = [toStage(view, { x: x1, y: y1 }), toStage(view, { x: x2, y: y2 })];
      const isSeen = to.x > 0 && to.y > 0 && from.x < stage.width && from.y < stage.height;
      const box: Xyxy = [from.x - 1, from.y - 1, to.x + 1, to.y + 1];
      return { box: clip(box, stage), label: isSeen ? sizeOf(texts[i]!) : undefined };
    }),
    stage,
  );
  return (
    <>
      {boxes.map((box, i) => {
        const place = places[i];
        if (place === undefined) return null;
        const { fill, text } = colourOf(classNumberOf(box.class));
        const style = { left: `${place[0]}px`, top: `${place[1]}px`, background: fill, color: text };
        return (
          <span key={box.id} class={`label ${box.status}${box.id === id ? ' selected' : ''}`} style={style}>
            {texts[i]}
          </span>
        );
      })}
    </>
  );
}

/** Long names would cover other boxes. The list has them in full. */
const LONGEST_NAME = 24;

function textOf(box: ShownBox, isSelected: boolean): string {
  const label = labelOf({ ...box, class: shorten(box.class) });
  return isSelected && box.prompt !== undefined ? `${label} · ${shorten(box.prompt)}` : label;
}

function shorten(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1).trimEnd()}…` : name;
}

const widths = new Map<string, number>();
let canvas: CanvasRenderingContext2D | null = null;

function sizeOf(text: string): Size {
  let width = widths.get(text);
  if (width === undefined) {
    if (canvas === null) {
      canvas = document.createElement('canvas').getContext('2d')!;
      canvas.font = '600 12px system-ui, sans-serif'; // as in styles/boxes.css
    }
    width = Math.ceil(canvas.measureText(text).width) + PADDING;
    if (widths.size > 10_000) widths.clear();
    widths.set(text, width);
  }
  return { width, height: HEIGHT };
}
