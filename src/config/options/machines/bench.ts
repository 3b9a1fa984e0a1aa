import { deviceOptions } from '../device.js';
import { imageOptions } from '../images.js';
import { modelOptions } from '../model.js';
import * as value from '../values.js';

const { ontology, class: classes, model, image_size, fit, positions, tiles } = modelOptions;
const { devices, precision, optimizer } = deviceOptions;
const { recursive, include, exclude, ext } = imageOptions;

/** What `bench` measures, and how long; how the work is divided is what it finds out. */
export const benchOptions = {
  budget: value
    .duration(1)
    .prefault('110s')
    .describe('Time for measuring; what does not fit is left out. A model that is not here is fetched before')
    .meta({ flag: { group: 'speed', basic: true, placeholder: 'time', only: true } }),
  forget: value
    .toggle()
    .default(false)
    .describe('Measure nothing, and remove what was measured earlier, of every model')
    .meta({ flag: { group: 'speed', basic: true, only: true } }),
  ...{ ontology, class: classes, model, image_size, fit, positions, tiles },
  ...{ devices, precision, optimizer },
  ...{ recursive, include, exclude, ext },
};
