import { describeRoute, JSON_BODY, PREDICTION_ERRORS } from '../../http/operation.js';

/** The routes of Label Studio in /openapi.json; what is in the bodies is documented by Label Studio. */
export const OPERATIONS = {
  health: describeRoute('Label Studio: the ML backend is up, model or not'),
  setUp: describeRoute('Label Studio: the version of the model for a labelling config', {
    errors: PREDICTION_ERRORS,
    requestBody: JSON_BODY,
  }),
  predict: describeRoute('Label Studio: annotate tasks', {
    description:
      'Looks for the labels of the first RectangleLabels whose toName is an Image: by their predicted_values, else ' +
      'by the prompts of the class of that name, else by the name.',
    errors: PREDICTION_ERRORS,
    requestBody: JSON_BODY,
  }),
  webhook: describeRoute('Label Studio: annotations have changed; the model is not trained', { status: 201 }),
  train: describeRoute('The same', { status: 201 }),
};
