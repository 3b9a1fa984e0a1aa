import { computed } from '@preact/signals';
import { answer, answerTable, answerThresholds } from '../app/state.js';
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
  const { classes, scoreFloor } = answer.value!.facts;
  const { boxes, images, all } = counts.value;
  const number = (value: number) => value.toLocaleString('en');
  return (
    <div class="answer">
      <div class="heading">
        <p role="status">
          {number(boxes)} boxes in {number(images)} of {number(all)} images
          {tookMs.value !== undefined && <span class="hint"> in {(tookMs.value / 1000).toFixed(1)} s</span>}
        </p>
        <button type="button" onClick={clearAnswer}>
          Clear<span class="unseen"> the answer</span>
        </button>
      </div>
      <ul class="class-list">
        {classes.map(({ name, threshold }, i) => (
          <li key={name} class="class">
            <p class="class-name">
              <span class="words" dir="auto">
                {name}
              </span>
              <span class="numbers">
                {number(answerTable.value!.shownOfClass[i]!)} <span class="unseen">boxes</span>
              </span>
            </p>
            <ThresholdSlider
              classIndex={i}
              name={`the answer: ${name}`}
              value={answerThresholds.value[i]!}
              ofRun={threshold}
              path={histograms.value[i]!}
              floor={scoreFloor}
              onMove={(value) => moveAnswerThreshold(i, value)}
            />
          </li>
        ))}
      </ul>
      <LeftOut />
      {asked.value !== undefined && <KeepForm key={JSON.stringify(asked.value)} />}
    </div>
  );
}

/** Images whose features are not stored. */
function LeftOut() {
  const { failures } = answer.value!.facts;
  if (failures.length === 0) return null;
  const more = failures.length - MAX_LISTED;
  return (
    <details class="left-out">
      <summary>
        {failures.length.toLocaleString('en')} {failures.length === 1 ? 'image is' : 'images are'} left out
      </summary>
      <ul>
        {failures.slice(0, MAX_LISTED).map(({ name, message }) => (
          <li key={name} dir="auto">
            {name}: {message}
          </li>
        ))}
        {more > 0 && <li>and {more.toLocaleString('en')} more</li>}
      </ul>
    </details>
  );
}
