import { signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { toPageError, toPageMessage } from '../../../shared/page-error.js';
import { showReplaced } from '../../app/decisions.js';
import { backend, pack } from '../../app/state.js';
import { settledPicture } from '../session/session.js';

export interface PictureSource {
  readonly url: string | undefined; // '': there is no picture; undefined: not yet
  readonly name: string;
  readonly width: number; // pixels, upright
  readonly height: number;
}

type Loading =
  | { readonly kind: 'loading' }
  | { readonly kind: 'shown'; readonly note?: string }
  | { readonly kind: 'left-out' } // of a report that has no room for it
  | { readonly kind: 'failed'; readonly reason: string };

/** How far the open image is. */
const loading = signal<Loading>({ kind: 'loading' });

/** Counts the attempts to load it. */
const attempt = signal(0);

/** An image in its size; a frame of that size until it is there, and instead where it cannot be shown. */
export function Picture({ source }: { readonly source: PictureSource }) {
  const { url, width, height } = source;
  useLayoutEffect(() => {
    loading.value = url === '' ? { kind: 'left-out' } : { kind: 'loading' };
  }, [url]);
  const size = { width: `${width}px`, height: `${height}px` };
  const { kind } = loading.value;
  return (
    <>
      <div class={`frame ${kind}`} style={size} />
      {url !== undefined && url !== '' && (
        <img
          key={`${attempt.value} ${url}`}
          class={kind === 'shown' ? 'picture' : 'picture not-shown'}
          style={size}
          src={url}
          alt=""
          draggable={false}
          decoding="async"
          onLoad={({ currentTarget }) => {
            loading.value = toShown(currentTarget, source);
            settledPicture.value = url;
          }}
          onError={() => {
            void findReason(url).then((reason) => {
              loading.value = { kind: 'failed', reason };
              settledPicture.value = url;
            });
          }}
        />
      )}
    </>
  );
}

/** Why the picture is not there, or is another one than the model has seen. */
export function PictureNote() {
  const state = loading.value;
  if (state.kind === 'loading') return <p class="picture-note is-late">Loading…</p>;
  if (state.kind === 'left-out')
    return <p class="picture-note">This image is not in the report: these are its boxes.</p>;
  if (state.kind === 'shown') return state.note === undefined ? null : <p class="picture-note at-top">{state.note}</p>;
  return (
    <div class="picture-note" role="alert">
      <p>{state.reason}</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

function retry(): void {
  loading.value = { kind: 'loading' };
  attempt.value++;
}

function toShown({ naturalWidth, naturalHeight }: HTMLImageElement, { width, height }: PictureSource): Loading {
  const isSame = naturalWidth === width && naturalHeight === height;
  // A report may show a smaller one; a drawing has no size of its own.
  if (isSame || naturalWidth === 0 || isFile()) return { kind: 'shown' };
  return {
    kind: 'shown',
    note: `The file is ${naturalWidth} × ${naturalHeight} pixels now; the run has seen ${width} × ${height}.`,
  };
}

/** The browser only knows that an image is not there: the server knows why. */
async function findReason(url: string): Promise<string> {
  if (isFile()) return 'The image cannot be shown: its file is not where it was.';
  try {
    const response = await fetch(url);
    if (response.ok) return 'This browser cannot show this image.';
    const retryAfter = response.headers.get('retry-after');
    const [answer, text] = [{ status: response.status, retryAfter }, await response.text()];
    const image = pack.value?.facts.images.ids.findIndex((id) => backend.value?.imageUrl(id) === url) ?? -1;
    if (image !== -1 && toPageError(answer, text).code === 'IMAGE_CHANGED') showReplaced([image]);
    return toPageMessage(answer, text);
  } catch {
    return 'The server does not answer.';
  }
}

/** Whether the page is a report: it has no server, and shows other pictures than the model has seen. */
function isFile(): boolean {
  return backend.value?.fileNote !== undefined;
}
