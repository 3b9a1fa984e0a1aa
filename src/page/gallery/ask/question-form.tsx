import { useSignal, type Signal } from '@preact/signals';
import { ask, clearAnswer, forgetProblems, isAsking, likeSelected } from './asking.js';

const HELP = 'ask-help';

/** What is looked for: a prompt a line, or what the selected box shows. */
export function QuestionForm() {
  const text = useSignal('');
  const prompts = text.value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const submit = () => {
    if (prompts.length > 0) void ask({ prompts });
  };
  return (
    <form
      class="question"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <PromptField text={text} onEnter={submit} />
      <div class="row">
        <button type="submit" class="primary" disabled={prompts.length === 0}>
          Ask
        </button>
        {isAsking.value && (
          <button type="button" onClick={clearAnswer}>
            Stop
          </button>
        )}
        <LikeButton />
      </div>
    </form>
  );
}

function PromptField({ text, onEnter }: { readonly text: Signal<string>; readonly onEnter: () => void }) {
  return (
    <>
      <label class="field">
        <span>What to find</span>
        <textarea
          rows={2}
          placeholder="a red car"
          aria-describedby={HELP}
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
            forgetProblems();
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            onEnter();
          }}
        />
      </label>
      <p class="hint" id={HELP}>
        Enter asks. Shift+Enter adds another prompt, up to 20.
      </p>
    </>
  );
}

function LikeButton() {
  const like = likeSelected();
  return (
    <button
      type="button"
      disabled={like === undefined}
      title={like === undefined ? 'Open an image and select a box first.' : undefined}
      onClick={() => like !== undefined && void ask(like)}
    >
      More like the selected box
    </button>
  );
}
