import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { openDialog } from '../session/session.js';

interface DialogProps {
  readonly name: NonNullable<typeof openDialog.value>;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A dialog while it is the open one. Escape and a click beside it close it; the focus goes back to where it was. */
export function Dialog(props: DialogProps) {
  return openDialog.value === props.name ? <OpenDialog {...props} /> : null;
}

function OpenDialog({ name, title, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key can come: it belongs to the dialog, or once that is closed, to the picture.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const opened = dialog.current!;
    opened.showModal();
    return () => {
      opened.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`editor-dialog ${name}-dialog`}
      aria-labelledby={`${name}-title`}
      onClose={() => {
        openDialog.value = undefined;
      }}
      onKeyDown={(event) => event.stopPropagation()} // Escape closes the dialog alone
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget) currentTarget.close();
      }}
    >
      <div class="dialog-content">
        <h2 id={`${name}-title`}>{title}</h2>
        {children}
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
    </dialog>
  );
}
