import { counted, formatCount } from '../../shared/count.js';
import { CommandLine } from './command-line.js';
import { keepState, takeBack } from './asking.js';

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
          {formatCount(done)} of {counted(total, 'image')}
        </p>
      </div>
    );
  }
  if (state.is === 'done') {
    return (
      <div class="keeping">
        <p class="notice" role="status">
          {state.isBack
            ? `“${state.class}” was taken back: ${state.file} is as it was.`
            : `“${state.class}” is in ${state.file}.`}{' '}
          {state.backup !== undefined && `The file as it was before is ${state.backup}.`}
        </p>
        {state.warning !== undefined && (
          <p class="problem" role="alert">
            {state.warning}
          </p>
        )}
        {state.canTakeBack && (
          <p>
            <button type="button" onClick={() => void takeBack()}>
              Take it back
            </button>{' '}
            <span class="hint">Possible until the ontology is changed or the run is annotated again.</span>
          </p>
        )}
      </div>
    );
  }
  if (state.is === 'failed') {
    return (
      <p class="problem" role="alert">
        “{state.class}” could not be {state.isBack ? 'taken back' : 'kept'}: {state.message}
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
