const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 2h12v12H2z' " +
  "fill='none' stroke='%233b74d8' stroke-width='3' stroke-dasharray='4 2'/%3E%3C/svg%3E";

/** The page's markup. Addresses are relative, so that a proxy may put the server under a path. */
export const PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>preannotate</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="page/serve.css">
<script type="module" src="page/serve.js"></script>
</head>
<body>
<header>
  <h1>preannotate</h1>
  <p id="model"></p>
  <a id="docs" href="docs">API documentation</a>
</header>
<main>
  <section class="intake card" aria-label="Choose an image">
    <div class="choose">
      <input type="file" id="file" class="unseen" multiple accept="image/*,.tif,.tiff,.bmp,.avif">
      <label for="file" class="button primary">Choose images</label>
      <span class="hint">or drop some anywhere, or paste one</span>
    </div>
    <form id="url-form">
      <label for="url">Image URL</label>
      <input type="url" id="url" required placeholder="https://example.org/photo.jpg"
        autocomplete="off" spellcheck="false">
      <button>Fetch</button>
    </form>
  </section>
  <noscript><p class="problem">This page needs JavaScript. The <a href="docs">API</a> does not.</p></noscript>
  <div class="progress">
    <span class="spinner" aria-hidden="true"></span>
    <p id="status" role="status"></p>
    <button type="button" id="cancel" hidden>Cancel</button>
    <p id="timing"></p>
  </div>
  <div id="problem" class="problem" role="alert" hidden></div>
  <div class="columns">
    <section class="card picture" aria-labelledby="picture-title">
      <div id="strip" class="strip" role="group" aria-label="Images" hidden></div>
      <h2 id="picture-title">Image</h2>
      <p id="name"></p>
      <div id="welcome" class="welcome">
        <p>Drop an image here.<br>Boxes appear on it, with class and score.</p>
        <p>Or try an example:</p>
        <div id="examples" class="examples">
          <button type="button" data-name="scene-07.jpg"><img src="page/scene-07.jpg" alt="Example 1"></button>
          <button type="button" data-name="scene-08.jpg"><img src="page/scene-08.jpg" alt="Example 2"></button>
          <button type="button" data-name="scene-09.jpg"><img src="page/scene-09.jpg" alt="Example 3"></button>
        </div>
      </div>
      <div id="zoom" class="zoom" role="group" aria-label="Zoom" hidden>
        <button type="button" id="zoom-out" aria-label="Zoom out">−</button>
        <output id="zoom-shown" aria-live="polite">100 %</output>
        <button type="button" id="zoom-in" aria-label="Zoom in">+</button>
        <button type="button" id="zoom-fit">Fit</button>
      </div>
      <div id="viewport" class="viewport" tabindex="0" role="group" hidden
        aria-label="Picture with boxes" aria-describedby="zoom-hint">
        <div id="stage" class="stage">
          <img id="image" alt="" draggable="false">
          <div id="labels" class="labels" aria-hidden="true"></div>
        </div>
      </div>
      <p id="zoom-hint" class="unseen">Plus and minus zoom, 0 shows all of the picture, arrow keys move it.</p>
      <p id="picture-note" class="hint"></p>
    </section>
    <div class="side">
      <section class="card" aria-labelledby="boxes-title">
        <h2 id="boxes-title">Boxes <span id="count" class="count">0</span></h2>
        <div class="slider">
          <label for="threshold">Score above</label>
          <input type="range" id="threshold" min="0" max="1" step="0.01" value="0.3">
          <output id="threshold-shown" for="threshold">0.30</output>
        </div>
        <div id="boxes" class="boxes" role="listbox" tabindex="0"
          aria-labelledby="boxes-title" aria-describedby="boxes-hint"></div>
        <p id="boxes-hint" class="hint">Arrow keys move through the boxes, Escape clears the selection.</p>
        <div id="class-filter" class="class-filter" role="group" aria-label="Classes shown" hidden></div>
      </section>
      <section class="card" aria-labelledby="prompts-title">
        <h2 id="prompts-title">Prompts</h2>
        <form id="prompts-form">
          <label for="prompts">One prompt a line: <code>prompt: class</code></label>
          <textarea id="prompts" rows="8" spellcheck="false" autocomplete="off" wrap="off"></textarea>
          <div class="row">
            <button class="primary">Run again</button>
            <button type="button" id="reset">Reset prompts</button>
          </div>
        </form>
      </section>
      <section class="card" aria-labelledby="result-title">
        <h2 id="result-title">Result</h2>
        <form id="result-form">
          <fieldset>
            <legend class="unseen">Format</legend>
            <label><input type="radio" name="form" value="coco" checked> COCO JSON</label>
            <label><input type="radio" name="form" value="yolo"> YOLO lines</label>
            <label><input type="radio" name="form" value="classes"> YOLO classes.txt</label>
          </fieldset>
          <label for="result" class="unseen">The boxes shown, as text</label>
          <textarea id="result" rows="7" readonly spellcheck="false" wrap="off"></textarea>
          <div class="row">
            <button type="button" id="copy" disabled>Copy</button>
            <button type="button" id="download" disabled>Download</button>
            <span id="result-status" class="hint" role="status"></span>
          </div>
        </form>
      </section>
    </div>
  </div>
</main>
<dialog id="key-dialog" aria-labelledby="key-title">
  <form id="key-form" method="dialog">
    <h2 id="key-title">This server needs an API key</h2>
    <p id="key-problem" class="complaint" role="alert"></p>
    <label for="key">API key</label>
    <input type="password" id="key" required autocomplete="off" pattern="[\\x21-\\x7E]+"
      title="Letters, digits and symbols without spaces" aria-describedby="key-problem key-hint">
    <p id="key-hint" class="hint">It is kept until this tab is closed, and sent to this server only.</p>
    <div class="row">
      <button class="primary">Use this key</button>
      <button type="button" id="key-cancel">Cancel</button>
    </div>
  </form>
</dialog>
</body>
</html>
`;
