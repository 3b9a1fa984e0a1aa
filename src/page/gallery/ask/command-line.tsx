/** A command to be typed elsewhere. */
export function CommandLine({ command }: { readonly command: string }) {
  return (
    <div class="command">
      <code tabIndex={0} role="group" aria-label="Command">
        {command}
      </code>
      <button type="button" onClick={() => void navigator.clipboard.writeText(command)}>
        Copy<span class="unseen"> the command</span>
      </button>
    </div>
  );
}
