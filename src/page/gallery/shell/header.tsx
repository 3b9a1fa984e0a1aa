import { isPanelOpen } from '../about/run-panel.js';
import { canRedo, canReview, canUndo } from '../app/decisions.js';
import { isSideOpen } from '../app/layout.js';
import { backend, current, decisions, decisionsVersion, follow, pack } from '../app/state.js';
import { theme, type Theme } from '../app/theme.js';
import { goThroughHistory } from '../editor/actions/edits.js';
import { openDialog } from '../editor/session/session.js';
import { Progress } from './progress.js';
import { SaveStatus } from './save-status.js';

/** Title, progress, and what is not saved yet. */
export function Header() {
  const { review, fileNote } = backend.value ?? {};
  const isFile = fileNote !== undefined;
  follow(decisionsVersion);
  const hasDecisions = decisions.size > 0;
  return (
    <header class="top">
      <button
        type="button"
        class="side-switch"
        aria-expanded={isSideOpen.value}
        aria-controls="side"
        onClick={() => (isSideOpen.value = !isSideOpen.value)}
      >
        Filters
      </button>
      <h1 dir="auto" title={pack.value?.facts.title}>
        {pack.value?.facts.title}
      </h1>
      {review !== undefined && (hasDecisions || !isFile) && <Progress />}
      {review !== undefined && !isFile && <SaveStatus />}
      {canReview.value && current.value === undefined && (
        <>
          <button type="button" disabled={!canUndo.value} title="Undo (Z)" onClick={() => goThroughHistory('undo')}>
            Undo
          </button>
          <button
            type="button"
            disabled={!canRedo.value}
            title="Redo (Shift+Z)"
            onClick={() => goThroughHistory('redo')}
          >
            Redo
          </button>
        </>
      )}
      {current.value === undefined && (
        <button
          type="button"
          aria-label="Keys"
          title="Keys (?)"
          aria-haspopup="dialog"
          onClick={() => (openDialog.value = 'keys')}
        >
          ?
        </button>
      )}
      <button type="button" class="about-open" aria-haspopup="dialog" onClick={() => (isPanelOpen.value = true)}>
        About this run
      </button>
      <ThemeSwitch />
    </header>
  );
}

function ThemeSwitch() {
  return (
    <select
      class="theme"
      aria-label="Theme"
      value={theme.value}
      onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}
