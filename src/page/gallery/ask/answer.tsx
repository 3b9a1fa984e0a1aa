import { computed } from '@preact/signals';
import { countBoxes, counted, formatCount } from '../../shared/count.js';
import { closeImage } from '../app/address.js';
import { isSideOpen } from '../app/layout.js';
import { answer, answerTable, answerThresholds, current } from '../app/state.js';
import { reasonOf } from '../data/failures.js';
import { countScores, histogramPath } from '../data/histogram.js';
import { ThresholdSlider } from '../filters/threshold-slider.js';
import { asked, clearAnswer, moveAnswerThreshold, tookMs } from './asking.js';
import { KeepForm } from './keep-form.js';

const histograms = computed(() => (answer.value === undefined ? [] : countScores(answer.value).map(histogramPath)));

/** Names of images that are left out are listed up to here. */
const MAX_LISTED = 100;

/** Boxes, and the images that have some, at the present thresholds. */
const counts = computed(() => {
  const table = answerTable.value;
  if (table === undefined) return { boxes: 0, images: 0, all: 0 };
  let images = 0;
  for (let image = 0; image < table.imageCount; image++) if (table.rowsOf(image).length > 0) images++;
  return { boxes: table.shownOfClass.reduce((a, b) => a + b, 0), images, all: table.imageCount };
});

/** What the model found: how much at which threshold, and what becomes of it. */
export function Answer() {
  const { classes } = answer.value!.facts;
  const { boxes, images, all } = counts.value;
  return (
    <div class="answer">
      <div class="heading">
        <p role="status">
          {countBoxes(boxes)} in {formatCount(images)} of {counted(all, 'image')}
          {tookMs.value !== undefined && <span class="hint"> in {formatDuration(tookMs.value)}</span>}
        </p>
        <button type="button" onClick={clearAnswer}>
          Clear<span class="unseen"> the answer</span>
        </button>
      </div>
      {current.value !== undefined && images > 0 && <WhereFound images={images} />}
      <ul class="class-list">
        {classes.map(({ name }, i) => (
          <PromptAnswer key={name} index={i} />
        ))}
      </ul>
      <LeftOut />
      {asked.value !== undefined && <KeepForm key={JSON.stringify(asked.value)} />}
    </div>
  );
}

/** While an image is open: how the answer is drawn in it, and where the other images are. */
function WhereFound({ images }: { readonly images: number }) {
  return (
    <div>
      <button
        type="button"
        onClick={() => {
          isSideOpen.value = false;
          closeImage();
        }}
      >
        Show the {counted(images, 'image')}
      </button>
      <p class="hint">Dashed boxes in the picture are what was found. They are no boxes of the run until it is kept.</p>
    </div>
  );
}

/** How much one prompt has found, and its threshold. */
function PromptAnswer({ index }: { readonly index: number }) {
  const { classes, scoreFloor } = answer.value!.facts;
  const { name, threshold } = classes[index]!;
  return (
    <li class="class">
      <p class="class-name">
        <span class="words" dir="auto">
          {name}
        </span>
        <span class="numbers">
          {formatCount(answerTable.value!.shownOfClass[index]!)} <span class="unseen">boxes</span>
        </span>
      </p>
      <ThresholdSlider
        classIndex={index}
        name={`the answer: ${name}`}
        value={answerThresholds.value[index]!}
        ofRun={threshold}
        path={histograms.value[index]!}
        floor={scoreFloor}
        onMove={(value) => moveAnswerThreshold(index, value)}
      />
    </li>
  );
}

/** An answer usually takes less than a tenth of a second for some hundred images. */
function formatDuration(ms: number): string {
  return ms < 100 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Images whose features are not stored. */
function LeftOut() {
  const { failures } = answer.value!.facts;
  if (failures.length === 0) return null;
  const more = failures.length - MAX_LISTED;
  return (
    <details class="left-out">
      <summary>{counted(failures.length, 'image is', 'images are')} left out</summary>
      <ul>
        {failures.slice(0, MAX_LISTED).map((failure) => (
          <li key={failure.name} dir="auto">
            {failure.name}: {reasonOf(failure)}
          </li>
        ))}
        {more > 0 && <li>and {formatCount(more)} more</li>}
      </ul>
    </details>
  );
}
