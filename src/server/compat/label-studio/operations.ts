import { describeRoute, JSON_BODY, PREDICTION_ERRORS } from '../../../http/operation.js';

/** The routes of Label Studio in /openapi.json; what is in the bodies is documented by Label Studio. */
export const OPERATIONS = {
  health: describeRoute('Label Studio: the ML backend is up, model or not'),
  setUp: describeRoute('Label Studio: the version of the model for a labelling config', {
    description:
      'Refuses what predict refuses: a config without a place for boxes, or with labels that cannot be used.',
    errors: PREDICTION_ERRORS,
    requestBody: JSON_BODY,
  }),
  predict: describeRoute('Label Studio: annotate tasks', {
    description:
      'Looks for the labels of the first RectangleLabels whose toName is an Image, else of the first Labels beside a ' +
      'Rectangle: by their predicted_values, else by the prompts of the class of that name, else by the name. In ' +
      'place of a task that fails is []; when all fail, the answer is the error of the first.',
    errors: PREDICTION_ERRORS,
    requestBody: JSON_BODY,
  }),
  versions: describeRoute('Label Studio: the versions of the model that projects were told'),
  versionsOf: describeRoute('Label Studio: the version of the model that a project was told', {
    errors: PREDICTION_ERRORS,
    requestBody: JSON_BODY,
  }),
  webhook: describeRoute('Label Studio: annotations have changed; the model is not trained', { status: 201 }),
  train: describeRoute('The same', { status: 201 }),
};
