import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { GalleryPack } from '../../../core/gallery/pack.js';
import { counted } from '../../shared/count.js';
import { answer, answerThresholds, pack } from '../app/state.js';
import { asked } from './asking.js';
import { forecast, type Forecast } from './forecast.js';

/** While a threshold is being moved, nothing is counted. */
const PAUSE_MS = 150;

/** What the answer is kept as, and the thresholds that the class may have then. */
export interface Target {
  readonly name: string;
  readonly classIndex: number;
  readonly isNew: boolean;
  readonly present: number; // of the class; for a new one, what it would have without its own
  readonly ofAnswer: number;
  readonly isOpen: boolean; // whether there is something to choose
  readonly isRaised: boolean; // the threshold of the answer is the better choice
}

/** @param name - As typed; not empty. */
export function targetOf(name: string): Target {
  const { classes } = pack.value!.facts;
  const index = classes.findIndex((one) => one.name === name);
  const isNew = index === -1;
  const ofAnswer = Math.round(Math.min(...answerThresholds.value) * 1000) / 1000;
  // Without a threshold of its own, a class has that of the run, which is the one that wordings are answered with.
  const isWording = 'prompts' in asked.value!;
  const ofRun = isWording ? (answer.value?.facts.classes[0]?.threshold ?? ofAnswer) : undefined;
  const present = isNew ? ofRun : classes[index]!.threshold;
  return {
    name,
    classIndex: isNew ? classes.length : index,
    isNew,
    present: present ?? ofAnswer,
    ofAnswer,
    isOpen: !isNew && present !== ofAnswer,
    isRaised: isNew ? present !== ofAnswer : ofAnswer > present!,
  };
}

/** How many boxes the class will have, at which threshold, and the choice between thresholds where there is one. */
export function KeepThreshold(props: {
  readonly target: Target;
  readonly isRaised: boolean;
  readonly onChoose: (isRaised: boolean) => void;
}) {
  const { target, isRaised, onChoose } = props;
  const counts = useForecasts(pack.value!, answer.value!, target);
  const describe = (then: Forecast | undefined) => {
    if (then === undefined || counts === undefined) return '…';
    const { now } = counts;
    const own = `${counted(then.own, 'box', 'boxes')}${target.isNew ? '' : ` (now ${number(now.own)})`}`;
    return `${own}, other classes ${number(then.others)} (now ${number(now.others)})`;
  };
  if (!target.isOpen) {
    return (
      <p class="hint forecast" role="status">
        At its threshold {number(isRaised ? target.ofAnswer : target.present)}: {describe(counts?.raised)}.
      </p>
    );
  }
  return (
    <fieldset class="forecast">
      <legend>Threshold of “{target.name}” in the run</legend>
      <Choice isChosen={isRaised} onChoose={() => onChoose(true)}>
        {number(target.ofAnswer)}, as of the answer: {describe(counts?.raised)}
      </Choice>
      <Choice isChosen={!isRaised} onChoose={() => onChoose(false)}>
        {number(target.present)}, as it is: {describe(counts?.kept)}
      </Choice>
      {counts !== undefined && (
        <p class="hint">
          The threshold is that of the whole class: at {number(target.ofAnswer)}, its present prompts find{' '}
          {counted(counts.alone.own, 'box', 'boxes')} (now {number(counts.now.own)}). Kept as a class of its own, the
          answer leaves them as they are.
        </p>
      )}
    </fieldset>
  );
}

interface ChoiceProps {
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly children: ComponentChildren;
}

function Choice({ isChosen, onChoose, children }: ChoiceProps) {
  return (
    <label>
      <input type="radio" name="keep-threshold" checked={isChosen} onChange={onChoose} /> <span>{children}</span>
    </label>
  );
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 3 });
}

interface Forecasts {
  readonly now: Forecast;
  readonly kept: Forecast; // at the present threshold
  readonly raised: Forecast; // at that of the answer
  readonly alone: Forecast; // at that of the answer, and without it
}

/** Undefined while they are counted. */
function useForecasts(run: GalleryPack, found: GalleryPack, target: Target): Forecasts | undefined {
  const { classIndex, present, ofAnswer } = target;
  const counted = useSignal<Forecasts | undefined>(undefined);
  useEffect(() => {
    counted.value = undefined;
    const timer = setTimeout(() => {
      const now = forecast(run, undefined, { classIndex, threshold: present });
      const kept = forecast(run, found, { classIndex, threshold: present });
      const raised = ofAnswer === present ? kept : forecast(run, found, { classIndex, threshold: ofAnswer });
      const alone = forecast(run, undefined, { classIndex, threshold: ofAnswer });
      counted.value = { now, kept, raised, alone };
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [run, found, classIndex, present, ofAnswer]);
  return counted.value;
}
