import { Component } from 'preact';
import { area, type Xyxy } from '../../../../core/box.js';
import { colourOf } from '../../../shared/colours.js';
import { selectedBox } from '../../app/state.js';
import { canReview } from '../../app/decisions.js';
import type { ShownBox } from '../../boxes/shown-box.js';
import { HANDLES, isSameBox, placeOf } from '../geometry/edit-box.js';
import { areBoxesShown, classNumberOf, drawnClass, held, listedBoxes } from '../session/session.js';

/** The boxes over the picture, in pixels of the image. Large ones are below small ones, the selected one is on top. */
export function BoxShapes() {
  if (!areBoxesShown.value) return null;
  const holding = held.value;
  const id = selectedBox.value;
  const boxes = [...listedBoxes.value].sort((a, b) => area(b.box) - area(a.box));
  const top = boxes.find((box) => box.id === id);
  const place = (box: ShownBox) => (holding?.id === box.id ? holding.box : box.box);
  const shape = (box: ShownBox) => (
    <BoxShape
      key={box.id}
      place={place(box)}
      status={box.status}
      colour={colourOf(classNumberOf(box.class)).fill}
      isSelected={box.id === id}
    />
  );
  return (
    <g class={top === undefined ? 'shapes' : 'shapes has-selected'}>
      {boxes.filter((box) => box !== top).map(shape)}
      {top !== undefined && shape(top)}
      {top !== undefined && top.status !== 'rejected' && canReview.value && <Handles place={place(top)} />}
      {holding !== undefined && holding.id === undefined && (
        <BoxShape place={holding.box} status="drawn" colour={colourOf(drawnClass.value).fill} isSelected />
      )}
    </g>
  );
}

interface ShapeProps {
  readonly place: Xyxy;
  readonly status: ShownBox['status'];
  readonly colour: string;
  readonly isSelected: boolean;
}

/** Is drawn again only where it is another one: of 300 boxes, a drag changes one. */
class BoxShape extends Component<ShapeProps> {
  override shouldComponentUpdate({ place, status, colour, isSelected }: ShapeProps): boolean {
    const { props } = this;
    const isSame = props.status === status && props.colour === colour && props.isSelected === isSelected;
    return !isSame || !isSameBox(props.place, place);
  }

  override render({ place, status, colour, isSelected }: ShapeProps) {
    const [x, y, x2, y2] = place;
    const size = { x, y, width: x2 - x, height: y2 - y };
    return (
      <g class={`box ${status}${isSelected ? ' selected' : ''}`}>
        <rect {...size} class="halo" />
        <rect {...size} class="line" stroke={colour} />
        {status === 'rejected' && <path d={`M${x} ${y}L${x2} ${y2}M${x2} ${y}L${x} ${y2}`} class="strike" />}
      </g>
    );
  }
}

/** Squares of one size at any zoom: the square ends of lines that have no length. */
function Handles({ place }: { readonly place: Xyxy }) {
  const points = HANDLES.map((handle) => placeOf(handle, place));
  const path = points.map(({ x, y }) => `M${x} ${y}h0`).join('');
  return (
    <g class="handles">
      <path d={path} class="edge" />
      <path d={path} class="square" />
    </g>
  );
}
