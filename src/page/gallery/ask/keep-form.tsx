import { useSignal, type Signal } from '@preact/signals';
import type { Question } from '../../../core/gallery/ask.js';
import { pack } from '../app/state.js';
import { asked, keep, keepState } from './asking.js';
import { proposeName } from './propose-name.js';
import { KeepThreshold, targetOf, type Target } from './keep-threshold.js';

const CLASSES = 'ask-classes';
const NOTE = 'ask-keep-note';

/** Keeps what was asked: in a class that is there, or in a new one. */
export function KeepForm() {
  const question = asked.value!;
  const name = useSignal(
    'prompts' in question && question.prompts.length === 1 ? proposeName(question.prompts[0]!) : '',
  );
  const wanted = name.value.trim();
  const target = wanted === '' ? undefined : targetOf(wanted);
  const chosen = useSignal<boolean | undefined>(undefined); // by hand; else what is the better choice
  const isRaised = (target?.isOpen === true ? chosen.value : undefined) ?? target?.isRaised ?? false;
  const isBusy = keepState.value.is === 'running';
  const submit = () => {
    if (target === undefined || isBusy) return;
    const isOwn = isRaised || (target.isNew && 'like' in question);
    void keep({ class: wanted, ...(isOwn ? { threshold: target.ofAnswer } : {}) });
  };
  return (
    <form
      class="keep"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <NameField name={name} />
      <p class="hint" id={NOTE}>
        {describeKeeping(question, target)}
      </p>
      {target !== undefined && (
        <KeepThreshold target={target} isRaised={isRaised} onChoose={(raised) => (chosen.value = raised)} />
      )}
      <button type="submit" disabled={wanted === '' || isBusy}>
        Keep
      </button>
    </form>
  );
}

function NameField({ name }: { readonly name: Signal<string> }) {
  return (
    <>
      <label class="field">
        <span>Keep as class</span>
        <input
          type="text"
          list={CLASSES}
          maxLength={200}
          aria-describedby={NOTE}
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
      </label>
      <datalist id={CLASSES}>
        {pack.value!.facts.classes.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
    </>
  );
}

/** What keeping changes. */
function describeKeeping(question: Question, target: Target | undefined): string {
  if (target === undefined) return 'Choose a class, or type the name of a new one.';
  if (target.isNew) return 'A new class is added to the ontology. The run is brought up to date.';
  const isOne = !('prompts' in question) || question.prompts.length === 1;
  const what = 'prompts' in question ? (isOne ? 'The wording' : 'The wordings') : 'The example';
  return `${what} ${isOne ? 'is' : 'are'} added to this class in the ontology. The run is brought up to date.`;
}
