import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { closeImage } from '../../app/address.js';
import { canRedo, canReview, canUndo } from '../../app/decisions.js';
import { backend, decisions, order } from '../../app/state.js';
import { isAccepted } from '../actions/edits.js';
import { ACTIONS } from '../actions/handle-key.js';
import { describeAction, type Action } from '../keys/key-map.js';
import { imageAt, positionOfCurrent } from '../actions/navigate.js';
import { areBoxesShown, areLabelsShown, areRejectedShown, isDrawing, selected } from '../session/session.js';

/** What there is to do with the open image. Everything has a key too. */
export function Toolbar({ name }: { readonly name: string }) {
  const position = positionOfCurrent();
  return (
    <div class="editor-bar image-bar">
      <div class="group">
        <button type="button" onClick={closeImage}>
          All images
        </button>
        <Do action="previousImage" isOff={imageAt(-1) === undefined} label="Previous image">
          ‹
        </Do>
        <Do action="nextImage" isOff={imageAt(1) === undefined} label="Next image">
          ›
        </Do>
      </div>
      <h2 class="image-name" title={name}>
        <span>{name}</span>{' '}
        <small>{position === -1 ? 'not in the filter' : `${position + 1} of ${order.value.length}`}</small>
      </h2>
      {canReview.value && <ImageActions />}
    </div>
  );
}

function ImageActions() {
  return (
    <div class="group">
      <Do action="undo" isOff={!canUndo.value}>
        Undo
      </Do>
      <Do action="redo" isOff={!canRedo.value}>
        Redo
      </Do>
      {isAccepted() ? (
        <>
          <span class="accepted">✓ Accepted</span>
          <Do action="reopen">Reopen</Do>
        </>
      ) : (
        <Do action="accept" className="primary">
          Accept
        </Do>
      )}
    </div>
  );
}

/** What there is to do with boxes, and how they are shown. */
export function BoxBar() {
  return (
    <div class="editor-bar box-bar">
      {canReview.value && <BoxActions />}
      <ViewActions />
    </div>
  );
}

function BoxActions() {
  const box = selected.value;
  const isOff = box === undefined;
  return (
    <div class="group" role="group" aria-label="Boxes">
      <Do action="class" label={isOff ? 'Class of the next box' : 'Change class'}>
        Class
      </Do>
      <Do action="keep" isOff={isOff}>
        Keep
      </Do>
      <Do action="reject" isOff={isOff || box.status === 'drawn'}>
        {box?.status === 'rejected' ? 'Restore' : 'Reject'}
      </Do>
      <Do action="delete" isOff={box?.status !== 'drawn'}>
        Delete
      </Do>
      <Do action="newBox" label="New box in the middle">
        New
      </Do>
      <Switch what={isDrawing} action="draw">
        Draw
      </Switch>
      <Do action="copy">{isOff ? 'Copy all to next' : 'Copy to next'}</Do>
    </div>
  );
}

function ViewActions() {
  return (
    <div class="group" role="group" aria-label="View">
      <Do action="zoomOut" label="Zoom out">
        −
      </Do>
      <Do action="fit">Fit</Do>
      <Do action="zoomIn" label="Zoom in">
        +
      </Do>
      {backend.value?.hasDrawnPictures !== true && (
        <>
          <Switch what={areBoxesShown} action="toggleBoxes">
            Boxes
          </Switch>
          <Switch what={areLabelsShown} action="toggleLabels">
            Labels
          </Switch>
        </>
      )}
      {(canReview.value || decisions.size > 0) && (
        <Switch what={areRejectedShown} action="toggleRejected">
          Rejected
        </Switch>
      )}
      <Do action="help" label="Keys">
        ?
      </Do>
    </div>
  );
}

interface DoProps {
  readonly action: Action;
  readonly isOff?: boolean;
  readonly label?: string;
  readonly className?: string;
  readonly children: ComponentChildren;
}

/** Buttons stay while there is nothing to do for them, so that the focus is not lost. */
function Do({ action, isOff = false, label, className, children }: DoProps) {
  return (
    <button
      type="button"
      class={className}
      aria-label={label}
      title={describeAction(action)}
      aria-disabled={isOff}
      onClick={() => {
        if (!isOff) ACTIONS[action]('');
      }}
    >
      {children}
    </button>
  );
}

interface SwitchProps {
  readonly what: Signal<boolean>;
  readonly action: Action;
  readonly children: string;
}

function Switch({ what, action, children }: SwitchProps) {
  return (
    <button type="button" title={describeAction(action)} aria-pressed={what.value} onClick={() => ACTIONS[action]('')}>
      {children}
    </button>
  );
}
