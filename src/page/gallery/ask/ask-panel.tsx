import { useEffect } from 'preact/hooks';
import { answer, backend } from '../app/state.js';
import type { AskState } from '../../../core/gallery/ask.js';
import { Answer } from './answer.js';
import { askProblem, isAsking, keepProblem, readKeeping } from './asking.js';
import { CommandLine } from './command-line.js';
import { KeepStatus } from './keep-status.js';
import { QuestionForm } from './question-form.js';

/** Asks the model about all images, shows what it found, and keeps that. */
export function AskPanel() {
  const state = backend.value?.ask?.state;
  useEffect(() => {
    if (state?.isReady === true) void readKeeping();
  }, [state]);
  if (state === undefined) return null;
  return (
    <section class="ask" aria-labelledby="ask-title">
      <h2 id="ask-title">Ask all images</h2>
      {state.isReady ? (
        <>
          <QuestionForm />
          <p class="hint busy-line" role="status">
            {isAsking.value ? 'Looking in all images…' : ''}
          </p>
          {askProblem.value !== undefined && (
            <p class="problem" role="alert">
              {askProblem.value}
            </p>
          )}
          {answer.value !== undefined && <Answer />}
          {keepProblem.value !== undefined && (
            <p class="problem" role="alert">
              {keepProblem.value}
            </p>
          )}
          <KeepStatus />
        </>
      ) : (
        <Missing state={state} />
      )}
    </section>
  );
}

/** What is needed before anything can be asked. */
function Missing({ state }: { readonly state: Extract<AskState, { isReady: false }> }) {
  return (
    <>
      <p class="hint">{state.reason}</p>
      {state.cost !== undefined && <p class="hint">{state.cost}</p>}
      {state.command !== undefined && <CommandLine command={state.command} />}
    </>
  );
}
