import { computed } from '@preact/signals';
import { colourOf } from '../../shared/colours.js';
import { formatCount } from '../../shared/count.js';
import { setThreshold } from '../app/selection.js';
import { filter, follow, pack, selectionVersion, table, thresholds } from '../app/state.js';
import { countScores, histogramPath } from '../data/histogram.js';
import { ThresholdSlider } from './threshold-slider.js';

const histograms = computed(() => (pack.value === undefined ? [] : countScores(pack.value).map(histogramPath)));

/** The classes: how many boxes they have at their thresholds, and how their scores are spread. */
export function ClassList() {
  follow(selectionVersion);
  const { classes } = pack.value!.facts;
  const counts = table.value!.shownOfClass;
  return (
    <ul class="class-list">
      {classes.map(({ name, threshold }, i) => (
        <li key={name} class="class">
          <label class="class-name">
            <input
              type="checkbox"
              checked={filter.value.classes.includes(i)}
              onChange={({ currentTarget }) => choose(i, currentTarget.checked)}
            />
            <Swatch classIndex={i} />
            <span class="words" dir="auto">
              {name}
            </span>
            <span class="numbers">
              {formatCount(counts[i]!)} <span class="unseen">{counts[i] === 1 ? 'box' : 'boxes'}</span>
            </span>
          </label>
          <ThresholdSlider
            classIndex={i}
            name={name}
            value={thresholds.value[i]!}
            ofRun={threshold}
            path={histograms.value[i]!}
            floor={pack.value!.facts.scoreFloor}
            onMove={(value) => setThreshold(i, value)}
          />
        </li>
      ))}
    </ul>
  );
}

function Swatch({ classIndex }: { readonly classIndex: number }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={colourOf(classIndex).fill} />
    </svg>
  );
}

function choose(classIndex: number, isChosen: boolean): void {
  const others = filter.value.classes.filter((one) => one !== classIndex);
  filter.value = { ...filter.value, classes: isChosen ? [...others, classIndex] : others };
}
