import { colourOf } from '../../shared/colours.js';

interface ThresholdSliderProps {
  readonly classIndex: number;
  readonly name: string;
  readonly value: number;
  readonly ofRun: number;
  readonly path: string; // of the histogram
  readonly floor: number; // lower scores are not known
  readonly onMove: (value: number) => void;
}

/** The scores of a class as a histogram, with its threshold drawn in it, which can be moved. */
export function ThresholdSlider(props: ThresholdSliderProps) {
  const { name, value, ofRun, floor, onMove } = props;
  const move = (to: number) => onMove(Math.round(to * 1000) / 1000);
  const follow = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    move((event.clientX - left) / width);
  };
  return (
    <div class="threshold">
      <div
        class="histogram"
        role="slider"
        tabIndex={0}
        aria-label={`Threshold of ${name}`}
        aria-valuemin={floor}
        aria-valuemax={1}
        aria-valuenow={value}
        title="Drag it, or go to it with Tab and use the arrow keys. A double click takes the threshold of the run."
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          follow(event);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event);
        }}
        onDblClick={() => move(ofRun)}
        onKeyDown={(event) => {
          const next = valueAfterKey(event.key, value, event.shiftKey);
          if (next === undefined) return;
          event.preventDefault();
          move(next);
        }}
      >
        <Histogram {...props} />
      </div>
      <output aria-hidden="true">{value.toFixed(3)}</output>
    </div>
  );
}

function Histogram({ classIndex, value, ofRun, path }: ThresholdSliderProps) {
  return (
    <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      <path d={path} fill={colourOf(classIndex).fill} />
      <rect class="below" x="0" y="0" width={value} height="1" />
      <line class="of-run" x1={ofRun} x2={ofRun} y1="0" y2="1" />
      <line class="mark" x1={value} x2={value} y1="0" y2="1" />
    </svg>
  );
}

/** With Shift, steps are ten times as fine. */
function valueAfterKey(key: string, value: number, isFine: boolean): number | undefined {
  const step = isFine ? 0.001 : 0.01;
  const next: Readonly<Record<string, number>> = {
    ArrowLeft: value - step,
    ArrowDown: value - step,
    ArrowRight: value + step,
    ArrowUp: value + step,
    PageDown: value - 0.1,
    PageUp: value + 0.1,
    Home: 0,
    End: 1,
  };
  return next[key];
}
