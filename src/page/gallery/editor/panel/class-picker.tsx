import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { colourOf } from '../../../shared/colours.js';
import { pack } from '../../app/state.js';
import { changeClass } from '../actions/edits.js';
import { searchClasses } from '../keys/class-search.js';
import { drawnClass, openDialog, selected } from '../session/session.js';
import { Dialog } from './dialog.js';

/** Chooses the class of the selected box, or of the one that is drawn next. What is typed finds it. */
export function ClassPicker() {
  return (
    <Dialog name="class" title={selected.value === undefined ? 'Class of the next box that is drawn' : 'Class'}>
      <Search />
    </Dialog>
  );
}

function Search() {
  const { typed, found, index, list, type, choose, handleKey } = useSearch();
  return (
    <>
      <label class="unseen" for="class-search">
        Find a class
      </label>
      <input
        id="class-search"
        type="text"
        role="combobox"
        placeholder="Type to find"
        autocomplete="off"
        autofocus
        spellcheck={false}
        aria-expanded="true"
        aria-controls="class-options"
        aria-autocomplete="list"
        aria-activedescendant={index < 0 ? undefined : `class-${found[index]!}`}
        value={typed}
        onInput={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={handleKey}
      />
      <Found list={list} found={found} active={index} onChoose={choose} />
      <p class="hint" role="status">
        {found.length === 0 ? 'No class fits. Add it to the ontology of the run, and run again to have it here.' : ''}
      </p>
    </>
  );
}

/** The classes that fit what is typed, and which of them Enter chooses. */
function useSearch() {
  const typed = useSignal('');
  const list = useRef<HTMLDivElement>(null);
  const names = pack.value!.facts.classes.map(({ name }) => name);
  // Enter alone leaves a box its class.
  const active = useSignal(
    Math.max(0, selected.value === undefined ? drawnClass.value : names.indexOf(selected.value.class)),
  );
  const found = searchClasses(names, typed.value);
  const index = Math.min(active.value, found.length - 1);

  const choose = (classIndex: number | undefined) => {
    if (classIndex === undefined) return;
    openDialog.value = undefined;
    changeClass(classIndex);
  };
  const step = (by: number) => {
    active.value = (index + by + found.length) % Math.max(found.length, 1);
    list.current?.children[active.value]?.scrollIntoView({ block: 'nearest' });
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter') choose(found[index]);
    else if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else return;
    event.preventDefault();
  };
  const type = (text: string) => {
    typed.value = text;
    active.value = 0;
  };
  return { typed: typed.value, found, index, list, type, choose, handleKey };
}

interface FoundProps {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly found: readonly number[]; // indices of classes
  readonly active: number;
  readonly onChoose: (classIndex: number) => void;
}

/** The classes that fit. The first nine have their numbers as keys. */
function Found({ list, found, active, onChoose }: FoundProps) {
  const { classes } = pack.value!.facts;
  return (
    <div ref={list} id="class-options" class="boxes" role="listbox" aria-label="Classes">
      {found.map((classIndex, i) => (
        <div
          key={classIndex}
          id={`class-${classIndex}`}
          class="option"
          role="option"
          aria-selected={i === active}
          onClick={() => onChoose(classIndex)}
        >
          <span class="swatch" style={{ background: colourOf(classIndex).fill }} />
          <span class="words">{classes[classIndex]!.name}</span>
          {classIndex < 9 && <kbd>{classIndex + 1}</kbd>}
        </div>
      ))}
    </div>
  );
}
