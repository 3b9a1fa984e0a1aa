import { useSignal } from '@preact/signals';
import { answerThresholds, pack } from '../app/state.js';
import { CommandLine } from './command-line.js';
import { asked, keep, keepProblem, keepState } from './asking.js';

const CLASSES = 'ask-classes';
const NOTE = 'ask-keep-note';

/** Keeps what was asked: in a class that is there, or in a new one. */
export function KeepForm() {
  const question = asked.value!;
  const name = useSignal('prompts' in question && question.prompts.length === 1 ? question.prompts[0]! : '');
  const { classes } = pack.value!.facts;
  const wanted = name.value.trim();
  const isNew = !classes.some((one) => one.name === wanted);
  const isBusy = keepState.value.is === 'running';
  const what = 'prompts' in question ? (question.prompts.length === 1 ? 'The wording' : 'The wordings') : 'The example';
  const submit = () => {
    if (wanted === '' || isBusy) return;
    const threshold = Math.min(...answerThresholds.value);
    void keep({ class: wanted, ...(isNew ? { threshold: Math.round(threshold * 1000) / 1000 } : {}) });
  };
  return (
    <form
      class="keep"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
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
        {classes.map((one) => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
      <p class="hint" id={NOTE}>
        {wanted === ''
          ? 'Choose a class, or type the name of a new one.'
          : isNew
            ? `A new class is added to the ontology, with the threshold above. The run is brought up to date.`
            : `${what} is added to this class in the ontology. The run is brought up to date.`}
      </p>
      <button type="submit" disabled={wanted === '' || isBusy}>
        Keep
      </button>
      {keepProblem.value !== undefined && (
        <p class="problem" role="alert">
          {keepProblem.value}
        </p>
      )}
    </form>
  );
}

/** What becomes of what is kept. */
export function KeepStatus() {
  const state = keepState.value;
  if (state.is === 'idle') return <p class="unseen" role="status" />;
  if (state.is === 'running') {
    const { done, total } = state;
    return (
      <div class="keeping" role="status">
        <label>
          <span>Bringing the run up to date with “{state.class}”</span>
          <progress max={Math.max(1, total)} value={done} />
        </label>
        <p class="hint">
          {done.toLocaleString('en')} of {total.toLocaleString('en')} images
        </p>
      </div>
    );
  }
  if (state.is === 'done') {
    return (
      <p class="notice" role="status">
        “{state.class}” is in {state.file}.{' '}
        {state.backup !== undefined && `The file as it was before is ${state.backup}.`}
      </p>
    );
  }
  if (state.is === 'failed') {
    return (
      <p class="problem" role="alert">
        “{state.class}” could not be kept: {state.message}
      </p>
    );
  }
  return (
    <div class="manual" role="status">
      <p class="hint">{state.reason} Save this as ontology.yaml, and type the command.</p>
      <textarea readOnly rows={8} aria-label="Ontology" value={state.yaml} />
      <CommandLine command={state.command} />
    </div>
  );
}
