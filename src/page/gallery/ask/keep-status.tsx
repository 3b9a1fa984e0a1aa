import type { KeepState } from '../../../core/gallery/ask.js';
import { counted, formatCount } from '../../shared/count.js';
import { CommandLine } from './command-line.js';
import { dismiss, keepState, takeBack } from './asking.js';

type Of<Kind extends KeepState['is']> = { readonly state: Extract<KeepState, { readonly is: Kind }> };

/** What becomes of what is kept. */
export function KeepStatus() {
  const state = keepState.value;
  switch (state.is) {
    case 'idle':
      return <p class="unseen" role="status" />;
    case 'running':
      return <Running state={state} />;
    case 'done':
      return <Done state={state} />;
    case 'failed':
      return (
        <p class="problem" role="alert">
          “{state.class}” could not be {state.isBack ? 'taken back' : 'kept'}: {state.message}
        </p>
      );
    case 'manual':
      return <Manual state={state} />;
  }
}

function Running({ state }: Of<'running'>) {
  const { done, total } = state;
  return (
    <div class="keeping" role="status">
      <label>
        <span>Bringing the run up to date with “{state.class}”</span>
        <progress max={Math.max(1, total)} value={done} />
      </label>
      <p class="hint">
        {formatCount(done)} of {counted(total, 'image')}
      </p>
    </div>
  );
}

function Done({ state }: Of<'done'>) {
  return (
    <div class="keeping">
      <p class="notice" role="status">
        {state.isBack
          ? `Taken back: ${state.what}. ${state.file} is as it was.`
          : `Added to ${state.file}: ${state.what}.`}{' '}
        {state.backup !== undefined && `The file as it was before is ${state.backup}.`}
      </p>
      {state.warning !== undefined && (
        <p class="problem" role="alert">
          {state.warning}
        </p>
      )}
      <p>
        {state.canTakeBack && (
          <button type="button" onClick={() => void takeBack()}>
            Take it back
          </button>
        )}{' '}
        <button type="button" onClick={() => void dismiss()}>
          Dismiss<span class="unseen"> this notice</span>
        </button>
      </p>
      {state.canTakeBack && (
        <p class="hint">
          Taking it back is possible until you dismiss this, the ontology is changed or the run is annotated again.
        </p>
      )}
    </div>
  );
}

function Manual({ state }: Of<'manual'>) {
  return (
    <div class="manual" role="status">
      <p class="hint">{state.reason} Save this as ontology.yaml, and type the command.</p>
      <textarea readOnly rows={8} aria-label="Ontology" value={state.yaml} />
      <CommandLine command={state.command} />
    </div>
  );
}
