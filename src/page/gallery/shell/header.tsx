import type { Signal } from '@preact/signals';
import { isPanelOpen } from '../about/run-panel.js';
import { canRedo, canReview, canUndo } from '../app/decisions.js';
import { isMenuOpen, isSideOpen } from '../app/layout.js';
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
      <Opener of="side" isOpen={isSideOpen}>
        Filters
      </Opener>
      <h1 dir="auto" title={pack.value?.facts.title}>
        {pack.value?.facts.title}
      </h1>
      {review !== undefined && (hasDecisions || !isFile) && <Progress />}
      <div class="top-end">
        {review !== undefined && !isFile && <SaveStatus />}
        {canReview.value && current.value === undefined && <Step step="undo" isOff={!canUndo.value} />}
        <Opener of="menu" isOpen={isMenuOpen}>
          Menu
        </Opener>
        <div id="menu" class={isMenuOpen.value ? 'menu is-open' : 'menu'}>
          {canReview.value && current.value === undefined && <Step step="redo" isOff={!canRedo.value} />}
          {current.value === undefined && <KeysButton />}
          <button type="button" class="about-open" aria-haspopup="dialog" onClick={openPanel}>
            About this run
          </button>
          <ThemeSwitch />
        </div>
      </div>
    </header>
  );
}

interface OpenerProps {
  readonly of: 'side' | 'menu'; // id of what it opens and closes
  readonly isOpen: Signal<boolean>;
  readonly children: string;
}

function Opener({ of, isOpen, children }: OpenerProps) {
  return (
    <button
      type="button"
      class={`${of}-switch`}
      aria-expanded={isOpen.value}
      aria-controls={of}
      onClick={() => (isOpen.value = !isOpen.value)}
    >
      {children}
    </button>
  );
}

function Step({ step, isOff }: { readonly step: 'undo' | 'redo'; readonly isOff: boolean }) {
  const [text, key] = step === 'undo' ? ['Undo', 'Z'] : ['Redo', 'Shift+Z'];
  return (
    <button type="button" disabled={isOff} title={`${text} (${key})`} onClick={() => goThroughHistory(step)}>
      {text}
    </button>
  );
}

function KeysButton() {
  return (
    <button
      type="button"
      title="Keys (?)"
      aria-haspopup="dialog"
      onClick={() => {
        isMenuOpen.value = false;
        openDialog.value = 'keys';
      }}
    >
      Keys
    </button>
  );
}

function openPanel(): void {
  isMenuOpen.value = false;
  isPanelOpen.value = true;
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
