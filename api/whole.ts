// Whole numbers in answers: counts, numbers of rows, instants and lengths in ms. Said in the OpenAPI document, so that a
// client made from it takes no float for an id.

import * as v from "valibot";

export const whole = v.pipe(v.number(), v.integer());
