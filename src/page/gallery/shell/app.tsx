import { loadError } from '../app/open.js';
import { backend, current, pack } from '../app/state.js';
import { AskPanel } from '../ask/ask-panel.js';
import { Editor } from '../editor/editor.js';
import { Filters } from '../filters/filters.js';
import { Grid } from '../grid/grid.js';
import { Header } from './header.js';

/** The whole page: header, filters, and the grid or an image. */
export function App() {
  if (loadError.value !== undefined) return <Failure message={loadError.value} />;
  if (pack.value === undefined) return <Loading />;
  return (
    <div class="app">
      <Header />
      <div class="workspace">
        <aside class="side" aria-label="Filters">
          {backend.value?.ask !== undefined && <AskPanel />}
          <Filters />
        </aside>
        <main class="main">{current.value === undefined ? <Grid /> : <Editor />}</main>
      </div>
    </div>
  );
}

function Loading() {
  return (
    <p class="loading busy" role="status">
      <span class="spinner" /> Reading the run…
    </p>
  );
}

function Failure({ message }: { message: string }) {
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
