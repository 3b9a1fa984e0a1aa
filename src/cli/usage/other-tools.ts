/**
 * Names that other programs (Ultralytics, MMDetection, SAHI, GroundingDINO, Python's servers) have for what our options
 * do. They are suggested, never accepted. Written without dashes and in lower case.
 */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  // What to find
  '--class': `prompt prompts textprompt textprompts caption text texts query queries textquery textqueries classes label
    labels category categories object objects classname`,
  '--ontology': `data names namesfile classesfile classfile classnames labelmap vocabulary vocab promptsfile promptfile
    ontologyfile categoriesfile`,
  '--model': `weights weight checkpoint ckpt modelname modelid modelpath modelfile pretrained modelnameorpath m
    pretrainedmodelnameorpath`,
  '--image-size': `imgsz imgsize img imsize imagesz inputsize inputresolution resolution imgscale inputshape`,
  '--tiles': `slice slices sliceheight slicewidth slicesize sahi tile tilesize tiling overlap tileoverlap sliceoverlap
    overlapratio overlapheightratio overlapwidthratio`,
  // Input
  '--limit': `maximages numimages nimages first head take maxsamples maxfiles count`,
  '--sample': `samples numsamples nsamples random subset randomsample samplesize`,
  '--recursive': `recurse r subfolders`,
  '--no-recursive': `norecurse nonrecursive notrecursive`,
  '--include': `filter pattern glob match`,
  '--exclude': `ignore skip omit`,
  '--ext': `extension extensions exts imgext imageext suffix suffixes imageextensions filetypes`,
  '--max-errors': `allowerrors errorlimit maxfailures maxfailed`,
  // Output
  '--out': `output outdir outputdir outputfolder outputpath outpath outfolder savedir savepath project dest destination
    resultsdir`,
  '--resume': `continue existok skipexisting skipdone resumefrom`,
  '--restart': `noresume fresh redo rerun reprocess startover reset clean`,
  '--format yolo': `savetxt txt yoloformat`,
  '--format coco': `savejson coco cocoformat savecoco`,
  '--format': `formats outputformat outformat saveformat exportformat annotationformat f`,
  '--preview': `save saveimg saveimages saveimage visualize visualise vis viz show viewimg draw plot plots render
    visualization annotatedimages`,
  '--dry-run': `simulate noop justprint whatif plan`,
  // Which boxes
  '--score-threshold': `conf confthres confthresh confthreshold confidence confidencethreshold confidencethres minconf
    minconfidence minscore threshold thresh thres thr score scorethr scorethres scorethresh boxthreshold detthresh
    probthreshold predscorethr detectionthreshold scorecutoff`,
  '--nms-iou': `iou iouthres iouthresh iouthreshold nmsthres nmsthresh nmsthreshold nmsthr nmsiouthres nmsiouthreshold`,
  '--class-agnostic-nms': `agnosticnms agnostic classagnostic nmsagnostic`,
  '--max-detections': `maxdet maxdets topk maxboxes maxperimg maxperimage maxdetectionsperimage detectionsperimg`,
  // Speed
  '--device cuda': `gpu gpus cuda usegpu usecuda gpuid gpuids nvidia`,
  '--device cpu': `cpu nogpu nocuda usecpu cpuonly`,
  '--device coreml': `mps metal coreml`,
  '--device': `provider providers executionprovider ep accelerator backend d`,
  '--precision fp16': `half fp16 float16 halfprecision amp`,
  '--precision fp32': `fp32 float32`,
  '--precision int8': `int8 quantize quantized quantise quantised load8bit loadin8bit`,
  '--precision': `dtype torchdtype quantization computetype`,
  '--max-batch-size': `batch batchsize bs b batchsz maxbatch`,
  '--workers-per-device': `workers numworkers nworkers nproc processes numprocesses jobs j parallel concurrency`,
  '--threads': `numthreads nthreads numcputhreads cpus cores ompnumthreads cputhreads`,
  // Other
  '--config': `cfg conffile configfile settings`,
  '--json': `jsonoutput outputjson asjson`,
  '--quiet': `silent noprogress`,
  '--verbose': `debug trace`,
  // serve
  '--host': `bind address listen ip servername bindaddress`,
  '--port': `p serverport listenport`,
  '--unix': `socket uds unixsocket`,
  '--api-key-file': `apikey apikeys token tokens auth key keys apikeysfile`,
  '--tls-cert': `cert certfile sslcert sslcertfile tlscertfile certificate ssl https tls`,
  '--tls-key': `keyfile sslkey sslkeyfile tlskeyfile privatekey`,
  '--cors-origin': `cors corsorigins corsalloworigin corsalloworigins alloworigin alloworigins origins origin`,
  '--allowed-hosts': `trustedhosts hosts`,
  '--timeout-sec': `timeout requesttimeout`,
  '--queue-items': `queue queuesize maxqueue maxqueuesize backlog`,
  '--body-limit': `maxrequestsize maxbodysize maxuploadsize bodysize uploadlimit maxcontentlength`,
  '--log-level': `loglevel verbosity logging`,
};

/** Names that could mean one of several options. */
const AMBIGUOUS: Readonly<Record<string, readonly string[]>> = {
  force: ['--restart', '--overwrite-edited'],
  overwrite: ['--restart', '--overwrite-edited'],
  overwriteexisting: ['--restart', '--overwrite-edited'],
  c: ['--score-threshold', '--class', '--config'],
  t: ['--score-threshold', '--threads'],
  w: ['--model', '--workers-per-device'],
};

/** Names for what is an argument here: the images. */
const PATH_NAMES = new Set(
  `source sources src input inputs inputdir inputfolder inputpath indir image imagedir imagesdir imgdir imagefolder
  imagepath imagespath folder i`.split(/\s+/),
);

/** What users of other programs call our commands; in the form in which they are typed after `preannotate`. */
const COMMAND_NAMES: Readonly<Record<string, string>> = {
  run: 'detect annotate label infer inference autolabel autoannotate autodistill process start batch',
  serve: 'server api web ui http webserver up listen host',
  export: 'convert write save reexport views',
  doctor: 'check checks env environment diagnose info status test healthcheck',
  init: 'new create setup config configure template',
  'models pull': 'download fetch pull install',
  'models list': 'list ls model',
  'models rm': 'remove rm delete uninstall',
  'models info': 'show inspect',
  'models verify': 'verify',
};

/** The same for the commands below `preannotate models`. */
const MODEL_COMMAND_NAMES: Readonly<Record<string, string>> = {
  'models list': 'show-all all search cached',
  'models pull': 'download fetch get install add update upgrade clone',
  'models info': 'show inspect describe details',
  'models verify': 'check validate test checksum',
  'models rm': 'delete del uninstall clean prune purge clear',
};

/** The same for the commands below `preannotate features`. */
const FEATURE_COMMAND_NAMES: Readonly<Record<string, string>> = {
  'features info': 'list ls show inspect describe size du stats',
  'features verify': 'check validate test fsck repair',
  'features rm': 'delete del clean prune purge clear gc',
};

const OPTIONS = invert(OPTION_NAMES);
const COMMANDS = invert(COMMAND_NAMES);
const COMMANDS_BELOW = new Map([
  ['models', invert(MODEL_COMMAND_NAMES)],
  ['features', invert(FEATURE_COMMAND_NAMES)],
]);

/** A name without what differs between programs: `--conf_thres`, `confThres` and `--conf-thres` are one name. */
export function normaliseName(name: string): string {
  return name.replaceAll(/[^a-z0-9]/gi, '').toLowerCase();
}

/** What an option of another program is called here: flags, some with a value. @param name - normalised */
export function findOurOptions(name: string): readonly string[] {
  const single = OPTIONS.get(name);
  return AMBIGUOUS[name] ?? (single === undefined ? [] : [single]);
}

/** Whether another program takes its images by an option of this name. @param name - normalised */
export function namesImages(name: string): boolean {
  return PATH_NAMES.has(name);
}

/** What a command of another program is called here. @param parent - `preannotate`, `models` or `features` */
export function findOurCommand(word: string, parent: string): string | undefined {
  return (COMMANDS_BELOW.get(parent) ?? COMMANDS).get(word.toLowerCase());
}

function invert(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(names).flatMap(([ours, theirs]) => theirs.split(/\s+/).map((name) => [name, ours] as const)),
  );
}
