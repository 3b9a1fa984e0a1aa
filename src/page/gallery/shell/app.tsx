import { useEffect } from 'preact/hooks';
import { isPanelOpen, RunPanel } from '../about/run-panel.js';
import { closeImage } from '../app/address.js';
import { isMenuOpen, isSideOpen } from '../app/layout.js';
import { loadError } from '../app/open.js';
import { backend, current, filter, pack } from '../app/state.js';
import { AskPanel } from '../ask/ask-panel.js';
import { goThroughHistory } from '../editor/actions/edits.js';
import { Editor } from '../editor/editor.js';
import { Announcements } from '../editor/panel/announcements.js';
import { KeyHelp } from '../editor/panel/key-help.js';
import { actionsOf } from '../editor/keys/key-map.js';
import { openDialog } from '../editor/session/session.js';
import { Filters } from '../filters/filters.js';
import { Toolbar } from '../filters/toolbar.js';
import { Failures } from '../grid/failures.js';
import { Grid } from '../grid/grid.js';
import { keepFocusOnPicture, focusMain } from './focus.js';
import { Header } from './header.js';
import { Banners } from './save-status.js';

/** The whole page: header, filters, and the grid or an image. */
export function App() {
  useEffect(() => {
    addEventListener('keydown', onKeyDown);
    const stop = keepFocusOnPicture();
    return () => {
      removeEventListener('keydown', onKeyDown);
      stop();
    };
  }, []);
  if (loadError.value !== undefined) return <Failure message={loadError.value} />;
  if (pack.value === undefined) return <Loading />;
  return (
    <div class={`app ${isSideOpen.value ? 'has-side' : ''}`}>
      <button type="button" class="skip" onClick={() => focusMain()}>
        Skip to the images
      </button>
      <Header />
      <Banners />
      {isPanelOpen.value && <RunPanel />}
      <KeyHelp />
      <main class="workspace">
        <section class="side" id="side" aria-label="Filters and thresholds">
          {backend.value?.ask !== undefined && <AskPanel />}
          <Filters />
        </section>
        <div class="main">{current.value === undefined ? <Images /> : <Editor />}</div>
      </main>
    </div>
  );
}

function Images() {
  return (
    <>
      <Toolbar />
      {filter.value.state === 'failed' ? <Failures /> : <Grid />}
      <Announcements />
    </>
  );
}

/** Keys that mean the same everywhere, unless what has the focus has used them. */
function onKeyDown(event: KeyboardEvent): void {
  const isField = event.target instanceof Element && event.target.closest('dialog, input, select, textarea') !== null;
  if (event.defaultPrevented || event.isComposing || event.repeat || isField) return;
  const name = event.key.toLowerCase();
  const action = actionsOf(event)[0];
  if (action === 'undo' || action === 'redo') goThroughHistory(action);
  else if (action === 'help') openDialog.value = 'keys';
  else if (name === 'escape' && isMenuOpen.value) isMenuOpen.value = false;
  else if (name === 'escape' && isSideOpen.value) isSideOpen.value = false;
  else if (name === 'escape' && current.value !== undefined) closeImage();
  else return;
  event.preventDefault();
}

function Loading() {
  return (
    <main class="loading busy">
      <span class="spinner" />
      <h1>Reading the run…</h1>
    </main>
  );
}

function Failure({ message }: { readonly message: string }) {
  return (
    <main class="failure">
      <h1>The run cannot be shown</h1>
      <p class="problem" role="alert">
        {message}
      </p>
      <button type="button" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}
