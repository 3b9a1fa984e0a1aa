import { useSignal, type Signal } from '@preact/signals';
import { needsFullForm, type Question } from '../../../core/gallery/ask.js';
import { backend, pack } from '../app/state.js';
import { asked, forgetProblems, keep, keepState, type KeptAs } from './asking.js';
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
  const choose = (raised: boolean) => {
    chosen.value = raised;
    forgetProblems();
  };
  const isOwn = isRaised || (target?.isNew === true && 'like' in question);
  const as = { class: wanted, ...(isOwn && target !== undefined ? { threshold: target.ofAnswer } : {}) };
  const submit = () => {
    if (target !== undefined && !isBusy) void keep(as);
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
      {target !== undefined && <KeepThreshold target={target} isRaised={isRaised} onChoose={choose} />}
      {target !== undefined && <FormNote question={question} as={as} />}
      <button type="submit" disabled={wanted === '' || isBusy}>
        Keep
      </button>
    </form>
  );
}

/** Where the file of the ontology cannot stay as it is but for what is added. */
function FormNote({ question, as }: { readonly question: Question; readonly as: KeptAs }) {
  const state = backend.value?.ask?.state;
  const file = state?.isReady === true ? state.ontology : undefined;
  if (file === undefined) return null;
  const { name, form } = file;
  if (form === 'data.yaml') {
    return (
      <p class="hint">{name} belongs to a YOLO data set and stays as it is: you are shown the ontology to save.</p>
    );
  }
  const prompts = 'prompts' in question ? question.prompts : [];
  if (!needsFullForm(form, { ...as, prompts })) return null;
  const [present, others] =
    form === 'names' ? ['a list of names', ' Other programs may not read it then.'] : ['in short form', ''];
  return (
    <p class="hint" role="status">
      {name} is {present}, which has no place for this: it is rewritten in full form, with its comments.{others} The
      file as it is now is kept as {name}.bak.
    </p>
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
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value;
            forgetProblems();
          }}
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
