import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';
import { PreannotateError } from '../../../src/core/errors.js';

/** What a wrong command line is answered. */
async function failureOf(...args: string[]): Promise<PreannotateError> {
  const error = await createProgram()
    .parseAsync(args, { from: 'user' })
    .then(() => undefined)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PreannotateError);
  expect((error as PreannotateError).code).toBe('USAGE');
  return error as PreannotateError;
}

const seeHelp = (command: string) => `See preannotate ${command} --help.`;

describe('options of other programs lead to ours', () => {
  it.each([
    ['--score-threshold', 'conf conf-thres conf_thres confThreshold confidence threshold thresh score-thr min-score'],
    ['--nms-iou', 'iou iou-thres iou_threshold iouThreshold nms-thr'],
    ['--image-size', 'imgsz img-size img_size imgSize img input-size'],
    ['--max-batch-size', 'batch batch-size batch_size batchSize bs'],
    ['--workers-per-device', 'workers num-workers num_workers jobs'],
    ['--class', 'prompt prompts text-prompt text_prompt classes labels queries caption'],
    ['--ontology', 'data names classes-file'],
    ['--model', 'weights checkpoint ckpt model_path'],
    ['--out', 'output output-dir output_dir outputDir project save-dir'],
    ['--restart or --overwrite-edited', 'overwrite force'],
    ['--restart', 'no-resume redo'],
    ['--resume', 'exist-ok exist_ok continue'],
    ['--device cuda', 'gpu gpus cuda'],
    ['--device cpu', 'cpu no-cuda'],
    ['--device coreml', 'mps'],
    ['--precision fp16', 'half fp16'],
    ['--precision int8', 'int8 quantize load_in_8bit'],
    ['--format yolo', 'save-txt save_txt'],
    ['--format coco', 'save-json'],
    ['--preview', 'save save-img visualize show'],
    ['--max-detections', 'max-det max_det top-k'],
    ['--tiles', 'slice_height sahi tile-size overlap-ratio'],
    ['--class-agnostic-nms', 'agnostic-nms agnostic_nms'],
    ['--limit', 'max-images max_images'],
    ['--config', 'cfg'],
    ['--threads', 'num-threads num_threads'],
  ])('%s', async (ours, theirs) => {
    for (const name of theirs.split(' ')) {
      const { message, hint } = await failureOf('run', 'photos', `--${name}`, '1');
      expect(message).toBe(`Unknown option '--${name}'.`);
      expect(hint, name).toBe(`Did you mean ${ours}?`);
    }
  });

  it.each(['source', 'input', 'input-dir', 'image_dir', 'src'])('--%s: images are arguments', async (name) => {
    const { hint } = await failureOf('run', `--${name}`, 'photos');
    expect(hint).toBe('Images are given without an option: preannotate run photos');
  });

  it.each([
    ['-c', '--score-threshold, --class or --config'],
    ['-b', '--max-batch-size'],
    ['-j', '--workers-per-device'],
    ['-m', '--model'],
    ['-f', '--format'],
  ])('the short %s', async (flag, ours) => {
    expect((await failureOf('run', 'photos', flag, 'x')).hint).toBe(`Did you mean ${ours}?`);
  });

  it('our own names in another spelling do, too', async () => {
    for (const flag of ['--scoreThreshold', '--score_threshold', '--SCORE-THRESHOLD', '--scorethreshold']) {
      expect((await failureOf('run', flag, '1')).hint).toBe('Did you mean --score-threshold?');
    }
  });

  it('a value joined by = is no part of the name', async () => {
    const { message, hint } = await failureOf('run', '--conf=0.3');
    expect([message, hint]).toEqual(["Unknown option '--conf'.", 'Did you mean --score-threshold?']);
  });

  it.each([
    ['serve', '--api-key', '--api-key-file'],
    ['serve', '--timeout', '--timeout-sec'],
    ['serve', '--bind', '--host'],
    ['serve', '-p', '--port'],
    ['serve', '--conf', '--score-threshold'],
    ['export', '--overwrite', '--overwrite-edited'],
    ['export', '--iou', '--nms-iou'],
    ['export', '--save-txt', '--format yolo'],
  ])('%s %s is one that the command has', async (command, flag, ours) => {
    expect((await failureOf(command, flag, 'x')).hint).toBe(`Did you mean ${ours}?`);
  });
});

describe('no option is suggested', () => {
  it.each([
    'name',
    'save-conf',
    'save_conf',
    'seed',
    'epochs',
    'lr',
    'yes',
    'zebra',
    'nosave',
    'line-width',
    'augment',
  ])('for --%s, which none does', async (name) => {
    expect((await failureOf('run', `--${name}`, 'x')).hint).toBe(seeHelp('run'));
  });

  it.each([
    ['init', '--force'],
    ['doctor', '--conf'],
    ['models list', '--batch'],
    ['export', '--half'],
    ['export', '--imgsz'],
  ])('%s %s: the command has no such option', async (command, flag) => {
    expect((await failureOf(...command.split(' '), flag, 'x')).hint).toBe(seeHelp(command));
  });

  it('but the commands that have one of this name are named', async () => {
    expect((await failureOf('serve', '--format', 'coco')).hint).toBe(
      `It is an option of other commands: run, export, stats, validate, merge. ${seeHelp('serve')}`,
    );
  });
});

describe('near misses', () => {
  it.each([
    ['--score-treshold', '--score-threshold'],
    ['--fromat', '--format'],
    ['--nms-iuo', '--nms-iou'],
    ['--max-detection', '--max-detections'],
    ['--score-thr', '--score-threshold'],
    ['--prec', '--precision'],
    ['--no-nsm', '--no-nms'],
    ['--hlep', '--help'],
  ])('%s is %s', async (flag, ours) => {
    expect((await failureOf('run', flag)).hint).toBe(`Did you mean ${ours}?`);
  });
});

describe('commands', () => {
  it.each([
    ['detect', 'run'],
    ['annotate', 'run'],
    ['server', 'serve'],
    ['convert', 'export'],
    ['check', 'doctor'],
    ['download', 'models pull'],
    ['ls', 'models list'],
    ['pull', 'models pull'],
    ['sevre', 'serve'],
    ['models delete', 'models rm'],
    ['models download', 'models pull'],
    ['models lits', 'models list'],
    ['models check', 'models verify'],
  ])('%s is %s here', async (typed, ours) => {
    expect((await failureOf(...typed.split(' '))).hint).toBe(`Did you mean preannotate ${ours}?`);
  });

  it('a folder in their place was to be annotated', async () => {
    expect((await failureOf('fixtures/scenes')).hint).toBe('Did you mean preannotate run fixtures/scenes?');
  });

  it.each(['train', 'zebra'])('none is suggested for %s', async (word) => {
    const { message, hint } = await failureOf(word);
    expect([message, hint]).toEqual([`Unknown command '${word}'.`, 'See preannotate --help.']);
  });

  it('val is eval here', async () => {
    expect((await failureOf('val')).hint).toBe('Did you mean preannotate eval?');
  });

  it('options before the command are explained', async () => {
    expect((await failureOf('-v')).hint).toMatch(/^Did you mean --version\? --verbose follows a command/);
    expect((await failureOf('--json', 'run')).hint).toBe('Options follow the command: preannotate run photos --json');
    expect((await failureOf('--conf', '0.3', 'run')).hint).toBe(
      'Did you mean preannotate run photos --score-threshold?',
    );
  });
});
